package leaks

// What the tests look at.
var OnlyAnts = onlyAnts
