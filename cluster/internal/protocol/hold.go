package protocol

import "time"

// From ractor, terminate can overtake replies of the actor (section 6.3). So the
// end is held back until a ping that followed it has been answered, and a moment
// longer: what the actor had sent before is then here. Time in which we do not
// read does not count.

// afterPong is the moment: what ractor sends is in its hands by the time of the
// pong, but perhaps not yet on the wire.
const afterPong = 100 * time.Millisecond

// ends are the ends that are held back. There is one ping under way at most: what
// comes meanwhile waits for the next.
type ends struct {
	asked    []uint64      // behind the ping under way
	ping     time.Duration // its timestamp
	deadline time.Time     // for a peer that does not answer
	waiting  []uint64      // for the next ping
	answered []answeredEnds
}

// answeredEnds go at a time, the earlier ones first.
type answeredEnds struct {
	pids []uint64
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
			s.ends.waiting = append(s.ends.waiting, pid)
		}
	}
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

// releaseEnds tells of the ends whose time has come.
func (m *Machine) releaseEnds(c *conn) {
	e := &c.session.ends
	for len(e.answered) > 0 && !m.now.Before(e.answered[0].at) {
		for _, pid := range e.answered[0].pids {
			m.down(c, pid, nil)
		}
		e.answered = e.answered[1:]
	}
	if len(e.asked) > 0 && !m.now.Before(e.deadline) {
		for _, pid := range e.asked {
			m.down(c, pid, nil)
		}
		e.asked = nil
		m.askForEnds(c)
	}
}
