"""What the commands of the program do. Each module is imported only when its command runs."""
