// Package floors holds the import policy of this module: floors.txt says on
// which floor each package stands, [Check] finds what breaks the rule, and the
// test of this package fails when anything does.
//
// The policy is text because it is read more often than it is run. It is
// checked on the source files alone, for all platforms at once, without the go
// command.
package floors
