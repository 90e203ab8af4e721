//go:build !race

package sched

// shuffled is off outside race builds.
const shuffled = false
