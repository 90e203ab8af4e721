package protocol

// refuseLegacy returns why the peer, which has said no Hello, may not use
// ractor's handshake; or nothing.
func (m *Machine) refuseLegacy(c *conn) string {
	switch {
	case m.goNodes.known(c.peer.Name):
		return c.peer.Name + " is a Go node, and must use authentication v2"
	case !c.Loopback && !c.Secure && !m.cfg.AllowInsecureLegacy:
		return "ractor's handshake from another machine needs TLS or AllowInsecureLegacy"
	}
	return ""
}

// goNodes are the names that have proved to be Go nodes'; a name is no more a
// ractor node's until this node starts anew. It is bounded, though who gets in
// knows the cookie: beyond the bound the oldest are forgotten.
type goNodes struct {
	names map[string]bool
	order []string
}

const maxGoNodes = 1 << 12

func (g *goNodes) known(name string) bool { return g.names[name] }

func (g *goNodes) add(name string) {
	if g.names[name] {
		return
	}
	if g.names == nil {
		g.names = map[string]bool{}
	}
	if len(g.order) == maxGoNodes {
		delete(g.names, g.order[0])
		g.order = g.order[1:]
	}
	g.names[name] = true
	g.order = append(g.order, name)
}
