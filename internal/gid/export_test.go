package gid

// What the tests see of the inside.
var (
	SlowID = slowID
	Parse  = parse
	Find   = find
)
