// Package bugs proves actortest: it is a collection of wrong programs, each
// with its fixed twin. The simulator must find what is wrong with the one within
// a stated number of runs, by each of its strategies, and nothing with the
// other.
//
// Some are typical mistakes of those who write actors. The others are bugs that
// actor systems have had, rebuilt from their trackers: not their code, but what
// went wrong in it, as a small program of ours. Where it went wrong between two
// accesses to memory, each access is a message to an actor that has that memory,
// for the simulator goes from one choice point to the next and sees nothing in
// between (unseen_test.go).
//
// There is no code here but tests.
package bugs
