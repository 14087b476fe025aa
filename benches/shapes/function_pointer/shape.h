typedef int (*operation)(int, int);

operation find_operation(void);
