//go:build !race

package actor_test

// race says that the race detector is on: everything is some ten times slower.
const race = false
