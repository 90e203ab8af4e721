package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// The baseline of the scenario remote: what the bare loopback takes between two
// processes, without frames, names, actors or anybody who could refuse.

// loopbackCommand is the hidden command of the process at the other end.
const loopbackCommand = "loopback"

// The first byte on a connection says what it is for.
const (
	oneWay    byte = 'w' // records come until the writer is done; then their number goes back
	roundTrip byte = 'r' // each record goes back
)

// recordSize is how long a record is.
const recordSize = 32

// buffered is how much one-way records are gathered before they are written.
const buffered = 64 << 10

// beLoopback serves one connection, whose address it prints, and ends.
func beLoopback(ctx context.Context, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	defer func() { _ = l.Close() }()
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	closing := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer closing()
	return serveLoopback(conn)
}

func serveLoopback(conn io.ReadWriter) error {
	in := bufio.NewReaderSize(conn, buffered)
	what, err := in.ReadByte()
	if err != nil {
		return err
	}
	var record [recordSize]byte
	for n := uint64(0); ; n++ {
		switch _, err := io.ReadFull(in, record[:]); {
		case errors.Is(err, io.EOF):
			if what == oneWay {
				_, err = conn.Write(binary.BigEndian.AppendUint64(nil, n))
				return err
			}
			return nil
		case err != nil:
			return err
		}
		if what == roundTrip {
			if _, err := conn.Write(record[:]); err != nil {
				return err
			}
		}
	}
}

// overLoopback does work with a connection to a process of its own.
func overLoopback(ctx context.Context, what byte, work func(*net.TCPConn) error) (err error) {
	p, err := startPeer(ctx, loopbackCommand)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unless(conn.Close(), net.ErrClosed)) }()
	closing := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer closing()
	if _, err := conn.Write([]byte{what}); err != nil {
		return err
	}
	return work(conn.(*net.TCPConn)) //nolint:forcetypeassert // of network tcp
}

// loopbackOneWay writes records through a buffer until the other end has them all.
func loopbackOneWay(ctx context.Context, t *trial) error {
	n := t.size.Messages
	var arrived uint64
	err := overLoopback(ctx, oneWay, func(conn *net.TCPConn) error {
		return t.measure(n, func() error {
			out := bufio.NewWriterSize(conn, buffered)
			var record [recordSize]byte
			for i := range n {
				binary.BigEndian.PutUint64(record[:], uint64(i))
				if _, err := out.Write(record[:]); err != nil {
					return err
				}
			}
			if err := errors.Join(out.Flush(), conn.CloseWrite()); err != nil {
				return err
			}
			return binary.Read(conn, binary.BigEndian, &arrived)
		})
	})
	t.balance(ledger{sent: n, handled: int64(arrived)})
	return err
}

// loopbackRoundTrips sends a record, waits for it, and sends the next.
func loopbackRoundTrips(ctx context.Context, t *trial) error {
	n, back := t.size.Messages, int64(0)
	err := overLoopback(ctx, roundTrip, func(conn *net.TCPConn) error {
		return t.measure(n, func() error {
			var record [recordSize]byte
			for range n {
				if _, err := conn.Write(record[:]); err != nil {
					return err
				}
				if _, err := io.ReadFull(conn, record[:]); err != nil {
					return err
				}
				back++
			}
			return nil
		})
	})
	t.balance(ledger{sent: n, handled: back})
	return err
}
