//go:build unix

package cluster

import (
	"net"
	"syscall"
)

// direct writes to a TCP connection as much as goes without waiting. One
// goroutine at a time may use it, and nobody else may write meanwhile.
type direct struct {
	raw  syscall.RawConn
	call func(fd uintptr) bool // made once: a closure for each write would be allocated
	b    []byte
	n    int
}

// newDirect returns nil for connections of other kinds.
func newDirect(conn net.Conn) *direct {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	d := &direct{raw: raw}
	d.call = func(fd uintptr) bool {
		d.n, _ = syscall.Write(int(fd), d.b) // an error the writer meets too
		return true                          // done, whatever came of it: do not wait
	}
	return d
}

// write returns how much was written.
func (d *direct) write(b []byte) int {
	d.b, d.n = b, 0
	_ = d.raw.Write(d.call)
	d.b = nil
	return max(0, d.n)
}
