//go:build race

package sched

// shuffled makes workers queue tasks in varying order, so that the race
// detector and the tests see orders that are legal but rare.
const shuffled = true
