package protocol

import (
	"slices"
	"time"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// With ractor, terminate overtakes replies of the actor: from its side when it is
// sent (section 6.3), from ours when it is taken, for the actor that stands for
// ours is stopped before it looks at what it still has. So ends are held back,
// those of the peer's actors and those of ours, until a ping that followed has been
// answered, and a moment longer: what the actor had sent before is then where it
// belongs. Time in which we do not read does not count.

// afterPong is the moment: with the pong, ractor has in hand what it sends, or what
// it was sent, but perhaps has not yet put it on the wire, or given it to the actor.
const afterPong = 100 * time.Millisecond

// end is the end of an actor of the peer's, or of ours.
type end struct {
	pid  uint64
	ours bool
}

// ends are the ends that are held back. There is one ping under way at most: what
// comes meanwhile waits for the next.
type ends struct {
	asked    []end         // behind the ping under way
	ping     time.Duration // its timestamp
	deadline time.Time     // for a peer that does not answer
	waiting  []end         // for the next ping
	answered []answeredEnds
}

// answeredEnds go at a time, the earlier ones first.
type answeredEnds struct {
	ends []end
	at   time.Time
}

func (e *ends) due() (time.Time, bool) {
	var at time.Time
	if len(e.answered) > 0 {
		at = e.answered[0].at
	}
	if len(e.asked) > 0 && (at.IsZero() || e.deadline.Before(at)) {
		at = e.deadline
	}
	return at, !at.IsZero()
}

// postpone is for when nothing was read until now.
func (e *ends) postpone(now time.Time, patience time.Duration) {
	for i := range e.answered {
		e.answered[i].at = now.Add(afterPong)
	}
	e.deadline = now.Add(patience)
}

// terminate holds the ends back. A Go node says Down instead; its terminate would
// need no holding back, and must not make another end of one that is held.
func (m *Machine) terminate(c *conn, pids []uint64) {
	s := c.session
	for _, pid := range pids {
		held, ok := s.up[pid]
		switch {
		case !ok || held:
		case c.peer.Go:
			m.down(c, pid, nil)
		default:
			s.up[pid] = true
			s.ends.waiting = append(s.ends.waiting, end{pid: pid})
		}
	}
	m.askForEnds(c)
}

// hold holds the end of an actor of ours back, whose last words are queued before
// the ping.
func (m *Machine) hold(c *conn, pid uint64) {
	e := &c.session.ends
	e.waiting = append(e.waiting, end{pid: pid, ours: true})
	m.askForEnds(c)
}

// askForEnds sends the next ping, if there is something to ask for.
func (m *Machine) askForEnds(c *conn) {
	e := &c.session.ends
	if len(e.asked) > 0 || len(e.waiting) == 0 {
		return
	}
	e.asked, e.waiting = e.waiting, nil
	m.ping(c)
	e.ping, e.deadline = c.session.pinged, m.now.Add(m.cfg.IdleTimeout)
}

// answered takes a pong. Those with timestamps that we have not sent are ignored.
func (m *Machine) answered(c *conn, ping time.Duration) {
	e := &c.session.ends
	if len(e.asked) == 0 || ping < e.ping || ping > c.session.pinged {
		return
	}
	e.answered = append(e.answered, answeredEnds{e.asked, m.now.Add(afterPong)})
	e.asked = nil
	m.askForEnds(c)
}

// releaseEnds lets go of the ends whose time has come.
func (m *Machine) releaseEnds(c *conn) {
	e := &c.session.ends
	for len(e.answered) > 0 && !m.now.Before(e.answered[0].at) {
		m.release(c, e.answered[0].ends)
		e.answered = e.answered[1:]
	}
	if len(e.asked) > 0 && !m.now.Before(e.deadline) {
		m.release(c, e.asked)
		e.asked = nil
		m.askForEnds(c)
	}
}

// release takes down that actors of the peer's have ended, and tells it of ours.
func (m *Machine) release(c *conn, ended []end) {
	var ours []uint64
	for _, e := range ended {
		if e.ours {
			ours = append(ours, e.pid)
		} else {
			m.down(c, e.pid, nil)
		}
	}
	for pids := range slices.Chunk(ours, chunkBytes/actorBytes) {
		m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_Terminate{
			Terminate: &wire.Terminate{Ids: pids},
		}}, true)
	}
}
