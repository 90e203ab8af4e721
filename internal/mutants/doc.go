// Mutants breaks the runtime on purpose, one small fault at a time, and says
// which test has noticed: a suite that lets a dropped wake or two swapped steps
// pass proves little. The faults are in mutants.txt.
//
//	go run ./internal/mutants              # all: an hour or more
//	go run ./internal/mutants -n           # only lists them
//	go run ./internal/mutants -run Hold    # those whose name matches
//
// Nothing is written to the tree: the faults are in copies of the files in a
// temporary folder, which go test sees in their place (go help build, -overlay).
// All of them are compiled at once, and the environment chooses one (schema.go).
// How to write one stands at the head of mutants.txt.
//
// The run ends with the score, and with status 1 if fewer than 28 were killed.
// It is too long for each change, so .ci/run only checks that the list still
// fits the code.
package main
