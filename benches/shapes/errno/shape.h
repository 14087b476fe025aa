int refuse(int request);
