signed char narrow(_Bool negative, char letter, signed char amount);
