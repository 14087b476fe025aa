int go_left(int at);
int go_right(int at);
