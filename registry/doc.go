// Package registry has the two tables through which actors are found, and
// knows no actor: a system owns its tables and puts its own values into them.
//
// [Table] maps names to owners. A name has one owner at a time: who claims a
// taken name is told who has it, and only the owner can give it up.
//
// [Slab] gives out ids. An [ID] names one value for ever: when the value is
// removed its place in memory is used again, under another ID, and the old one
// finds nothing. Looking an id up takes no lock and writes to no memory.
//
// Both are ready as zero values, may be used from any number of goroutines, and
// start none.
package registry
