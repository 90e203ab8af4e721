package protocol

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// relay is somebody who does not know the cookie and sits between two nodes that
// do: the victim has dialled it, and it dials the target. Each of them has
// connection 1 with it.
type relay struct {
	victim, target *Machine
	authenticated  bool // one of them takes somebody for a peer
	digests        int  // legacy digests that the victim gave away
}

func newRelay(legacy bool, victim, target Opened) (r *relay, fromVictim []*wire.NetworkMessage) {
	config := func(name, addr string) Config {
		return Config{Name: name, Addr: addr, Cookie: "cookie", Incarnation: 1, AllowInsecureLegacy: legacy}
	}
	r = &relay{victim: New(config("a@host", "host:4697")), target: New(config("b@host", "host:4698"))}
	victim.Conn, victim.Dialed, target.Conn = 1, true, 1
	fromVictim = r.step(r.victim, victim)
	r.step(r.target, target)
	return r, fromVictim
}

// step returns what the machine sends.
func (r *relay) step(m *Machine, ev Event) (sent []*wire.NetworkMessage) {
	for _, e := range m.Step(time.Unix(1, 0), ev) {
		switch e := e.(type) {
		case Send:
			sent = append(sent, e.Msg)
			if e.Msg.GetAuth().GetClientChallenge() != nil {
				r.digests++
			}
		case Authenticated:
			r.authenticated = true
		}
	}
	return sent
}

// to hands messages over, and returns the answers.
func (r *relay) to(m *Machine, msgs ...*wire.NetworkMessage) (answers []*wire.NetworkMessage) {
	for _, msg := range msgs {
		answers = append(answers, r.step(m, Received{1, msg})...)
	}
	return answers
}

// challengeIn finds the Challenge.
func challengeIn(msgs []*wire.NetworkMessage) *wire.Challenge {
	for _, msg := range msgs {
		if c := msg.GetAuth().GetServerChallenge(); c != nil {
			return c
		}
	}
	return nil
}

// asRactor makes of the victim's question and answer the relay's own: its name
// instead of theirs, and no Hello.
func (r *relay) asRactor(t *testing.T) {
	l := link{cookie: "unknown"}
	got := r.to(r.target, l.parse([]string{"name", "evil@host", "evil:1", "id=1"}))
	challenge := challengeIn(got)
	if challenge == nil {
		return
	}
	challenge.Name, challenge.ConnectionString, challenge.Flags = "evil@host", "evil:1", nil
	answer := r.to(r.victim, got...)
	if len(answer) > 0 {
		require.NotNil(t, answer[0].GetAuth().GetClientChallenge())
		r.to(r.target, answer...)
	}
}

// TestRelayAttack is the weakness of ractor's handshake (11.7), and what becomes of
// it. Whoever is dialled asks the dialling node the question that another node
// asks, and is let in there with the answer.
func TestRelayAttack(t *testing.T) {
	loopback := Opened{Loopback: true}

	t.Run("works against ractor's handshake", func(t *testing.T) {
		r, _ := newRelay(true, Opened{}, Opened{})
		r.asRactor(t)
		require.True(t, r.authenticated)
		require.Equal(t, 1, r.digests)
	})

	t.Run("works on loopback, where ractor's handshake is allowed", func(t *testing.T) {
		r, _ := newRelay(false, loopback, loopback)
		r.asRactor(t)
		require.True(t, r.authenticated)
	})

	t.Run("fails where ractor's handshake is not allowed", func(t *testing.T) {
		r, _ := newRelay(false, Opened{}, Opened{})
		r.asRactor(t)
		require.False(t, r.authenticated)
		require.Zero(t, r.digests)
		// Nor is there anything for it to guess at, if it makes up a challenge.
		r, _ = newRelay(false, Opened{}, Opened{})
		l := link{}
		answer := r.to(r.victim, l.parse([]string{"server_status", "OK"}), l.parse([]string{"server_challenge", "evil@host", "evil:1", "challenge=42"}))
		require.Empty(t, answer)
	})

	t.Run("fails against the name of a Go node", func(t *testing.T) {
		r, _ := newRelay(true, loopback, loopback)
		r.victim.goNodes.add("evil@host")
		r.target.goNodes.add("evil@host")
		r.asRactor(t)
		require.False(t, r.authenticated)
		require.Zero(t, r.digests)
	})

	// forward passes everything on, changed by the functions, until nobody has
	// anything to say.
	forward := func(r *relay, fromVictim []*wire.NetworkMessage, toTarget, toVictim func(*wire.NetworkMessage)) {
		for len(fromVictim) > 0 {
			for _, msg := range fromVictim {
				toTarget(msg)
			}
			fromTarget := r.to(r.target, fromVictim...)
			for _, msg := range fromTarget {
				toVictim(msg)
			}
			fromVictim = r.to(r.victim, fromTarget...)
		}
	}
	same := func(*wire.NetworkMessage) {}
	renamed := func(msg *wire.NetworkMessage) {
		if n := msg.GetAuth().GetName(); n != nil {
			n.Name = "evil@host"
		}
		if c := msg.GetAuth().GetServerChallenge(); c != nil {
			c.Name = "evil@host"
		}
	}
	stripped := func(msg *wire.NetworkMessage) {
		if n := msg.GetAuth().GetName(); n != nil {
			n.Flags.Go = nil
		}
		if c := msg.GetAuth().GetServerChallenge(); c != nil {
			c.Flags.Go = nil
		}
	}

	for name, change := range map[string][2]func(*wire.NetworkMessage){
		"under its own name at the target": {renamed, same},
		"under its own name at the victim": {same, renamed},
		"under its own name at both":       {renamed, renamed},
		"without the victim's Hello":       {stripped, same},
		"without the target's Hello":       {same, stripped},
	} {
		t.Run("fails against authentication v2 "+name, func(t *testing.T) {
			// Legacy is allowed at both: v2 alone must withstand.
			r, fromVictim := newRelay(true, Opened{}, Opened{})
			forward(r, fromVictim, change[0], change[1])
			require.False(t, r.authenticated)
		})
	}

	t.Run("fails against authentication v2 under TLS", func(t *testing.T) {
		r, fromVictim := newRelay(true, Opened{Secure: true, Exporter: []byte("with the victim")},
			Opened{Secure: true, Exporter: []byte("with the target")})
		forward(r, fromVictim, same, same)
		require.False(t, r.authenticated)
	})

	// What is left, as the package says. The relay is a wire, and a wire without TLS
	// may be cut open later; and it may take both Hellos off, where legacy is allowed
	// and the nodes meet for the first time.
	t.Run("a wire is let through without TLS", func(t *testing.T) {
		r, fromVictim := newRelay(false, Opened{}, Opened{})
		forward(r, fromVictim, same, same)
		require.True(t, r.authenticated)
	})
	t.Run("both Hellos are missed by nobody at the first meeting, where legacy is allowed", func(t *testing.T) {
		r, fromVictim := newRelay(true, Opened{}, Opened{})
		forward(r, fromVictim, stripped, stripped)
		require.True(t, r.authenticated)
		for _, p := range r.victim.Sessions() {
			require.False(t, p.Go)
		}
	})
}
