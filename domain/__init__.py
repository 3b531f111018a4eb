"""The rules and the words of 街改: pure functions and values, standard library only."""
