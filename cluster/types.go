package cluster

import (
	"fmt"
	"math/big"
)

// Uint128 is Rust's u128, which Go has not got.
type Uint128 struct{ Hi, Lo uint64 }

// Big returns n as a big.Int.
func (n Uint128) Big() *big.Int {
	b := new(big.Int).SetUint64(n.Hi)
	return b.Or(b.Lsh(b, 64), new(big.Int).SetUint64(n.Lo))
}

// String returns n in decimal.
func (n Uint128) String() string { return n.Big().String() }

// Int128 is Rust's i128: two's complement, Hi has the sign. A negative int64 n is
// Int128{-1, uint64(n)}.
type Int128 struct {
	Hi int64
	Lo uint64
}

// Big returns n as a big.Int.
func (n Int128) Big() *big.Int {
	b := big.NewInt(n.Hi)
	return b.Or(b.Lsh(b, 64), new(big.Int).SetUint64(n.Lo))
}

// String returns n in decimal.
func (n Int128) String() string { return n.Big().String() }

// Char is Rust's char, a Unicode scalar value: what is none (a surrogate, or beyond
// utf8.MaxRune) can be neither sent nor received. A rune is Rust's i32, since Go
// does not tell it from an int32; the two look alike on the wire.
type Char rune

// StandardPriority is the type of that name of ractor's factories. One that this
// program does not know arrives as PriorityNormal.
type StandardPriority uint64

// The priorities, most urgent first.
const (
	PriorityHighest StandardPriority = iota
	PriorityHigh
	PriorityImportant
	PriorityNormal
	PriorityBestEffort
)

// String returns the name as in Rust.
func (p StandardPriority) String() string {
	if p > PriorityBestEffort {
		return fmt.Sprintf("StandardPriority(%d)", uint64(p))
	}
	return [...]string{"Highest", "High", "Important", "Normal", "BestEffort"}[p]
}
