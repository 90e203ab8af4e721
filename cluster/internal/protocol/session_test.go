package protocol

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPingSpread: pings come after 1 to 5 s (6.2), whatever the random number.
func TestPingSpread(t *testing.T) {
	least, most := time.Hour, time.Duration(0)
	for i := range uint64(1000) {
		m := New(Config{Rand: func() uint64 { return i * (math.MaxUint64 / 1000) }})
		d := m.untilPing()
		least, most = min(least, d), max(most, d)
	}
	require.GreaterOrEqual(t, least, time.Second)
	require.LessOrEqual(t, most, 5*time.Second)
	require.Greater(t, most-least, 3*time.Second)
}

// TestDefaults: what is left out of a Config is there, and cannot be foretold.
func TestDefaults(t *testing.T) {
	c := Config{PingMin: time.Minute}.withDefaults()
	require.Equal(t, 5*time.Second, c.HandshakeTimeout)
	require.Equal(t, 20*time.Second, c.IdleTimeout)
	require.Equal(t, time.Minute, c.PingMax, "not below PingMin")
	require.Equal(t, 128, c.MaxUnauthenticated)
	first, second := c.Rand(), c.Rand()
	require.NotEqual(t, first, second)
}

// TestWake: a machine that has nothing to wait for does not want to be woken.
func TestWake(t *testing.T) {
	m := New(Config{Name: "b@host", Addr: "host:4698", Cookie: "cookie", Incarnation: 1})
	_, ok := m.Wake()
	require.False(t, ok)
	m.Step(begin, Opened{Conn: 1})
	at, ok := m.Wake()
	require.True(t, ok)
	require.Equal(t, begin.Add(5*time.Second), at)
	m.Step(begin, Closed{Conn: 1})
	_, ok = m.Wake()
	require.False(t, ok)
}
