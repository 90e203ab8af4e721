package cluster

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// Who calls an actor just after the peer has said that it is gone is refused, and
// does not wait for an answer of a dead one: its calls have been failed already.
func TestCallAfterDown(t *testing.T) {
	here, there := net.Pipe()
	defer func() { require.NoError(t, here.Close()); require.NoError(t, there.Close()) }()
	s := newSession(&Node{cfg: Config{Outbound: 1 << 20}}, 1, here, false, false)
	s.shims[7] = &far{session: s, pid: 7}
	_, alone, err := s.enter(7, &pending{})
	require.NoError(t, err)
	require.True(t, alone)
	require.NotNil(t, s.down(7))
	_, _, err = s.enter(7, &pending{})
	require.ErrorIs(t, err, actor.ErrStopped)
	require.Equal(t, 1, s.calls.waits)
}
