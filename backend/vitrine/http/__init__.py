"""Between the socket and the routes: the guard, what happens to bodies and to errors."""
