//go:build gc && !purego

#include "textflag.h"

// func ID() uintptr
//
// The record is read from thread-local storage, in the two-step form that the
// assembler knows on every operating system. R14 holds the same address in
// compiled Go code, but nothing promises that to a function of this ABI.
TEXT ·ID(SB), NOSPLIT, $0-8
	MOVQ TLS, CX
	MOVQ 0(CX)(TLS*1), AX
	MOVQ AX, ret+0(FP)
	RET
