package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// The other end counts what comes one way, and sends back what goes there and back.
func TestServeLoopback(t *testing.T) {
	serve := func(what byte, records ...[]byte) []byte {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { _ = l.Close() }()
		served := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				err = serveLoopback(conn)
				_ = conn.Close()
			}
			served <- err
		}()
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = conn.Write(append([]byte{what}, bytes.Join(records, nil)...))
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		var back bytes.Buffer
		_, err = back.ReadFrom(conn)
		require.NoError(t, err)
		require.NoError(t, <-served)
		return back.Bytes()
	}
	a, b := bytes.Repeat([]byte{1}, recordSize), bytes.Repeat([]byte{2}, recordSize)
	require.Equal(t, binary.BigEndian.AppendUint64(nil, 2), serve(oneWay, a, b))
	require.Equal(t, append(append([]byte{}, a...), b...), serve(roundTrip, a, b))
}
