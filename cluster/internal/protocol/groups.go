package protocol

import (
	"maps"
	"slices"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Groups: each node tells of its own actors, and nobody passes on what others
// have told.

const (
	defaultScope     = "default"           // as package pg calls it
	wireDefaultScope = "__default_scope__" // as it is called on the wire
)

// swapScope turns a scope's name here into its name on the wire, or back. The two
// names of the default scope change places, so that no two scopes become one.
func swapScope(scope string) string {
	switch scope {
	case defaultScope, "":
		return wireDefaultScope
	case wireDefaultScope:
		return defaultScope
	}
	return scope
}

// scopeHere is the name here of a scope from the wire; before there were scopes,
// it was absent.
func scopeHere(scope string) string {
	if scope == "" {
		return defaultScope
	}
	return swapScope(scope)
}

// tellGroups is step 4 of the sync.
func (m *Machine) tellGroups(c *conn) {
	for _, key := range sortedKeys(m.local.groups) {
		m.tellJoined(c, key, slices.Sorted(maps.Keys(m.local.groups[key])))
	}
}

func (m *Machine) joined(ev Joined) {
	key := groupKey{swapScope(ev.Scope), ev.Group}
	if pids := m.local.join(key, ev.Pids); len(pids) > 0 {
		for _, c := range m.sessions {
			m.tellJoined(c, key, pids)
		}
	}
}

func (m *Machine) tellJoined(c *conn, key groupKey, pids []uint64) {
	for _, pid := range pids {
		m.grant(c, pid)
	}
	for chunk := range chunks(m.wireActors(pids)) {
		m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_PgJoin{
			PgJoin: &wire.PgJoin{Group: key.group, Actors: chunk, Scope: key.scope},
		}}, true)
	}
}

func (m *Machine) leftGroup(ev Left) {
	key := groupKey{swapScope(ev.Scope), ev.Group}
	if pids := m.local.leave(key, ev.Pids); len(pids) > 0 {
		for _, c := range m.sessions {
			m.tellLeft(c, key, pids)
		}
	}
}

func (m *Machine) tellLeft(c *conn, key groupKey, pids []uint64) {
	for chunk := range chunks(m.wireActors(pids)) {
		m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_PgLeave{
			PgLeave: &wire.PgLeave{Group: key.group, Actors: chunk, Scope: key.scope},
		}}, true)
	}
}

// peerJoined also brings actors up that were not advertised before.
func (m *Machine) peerJoined(c *conn, msg *wire.PgJoin) {
	var pids []uint64
	for _, a := range msg.GetActors() {
		m.up(c, a.GetPid(), a.GetName(), "")
		if ending := c.session.up[a.GetPid()]; !ending {
			pids = append(pids, a.GetPid())
		}
	}
	if len(pids) > 0 {
		m.emit(PeerJoined{c.Conn, scopeHere(msg.GetScope()), msg.GetGroup(), pids})
	}
}

// peerLeft ignores actors that are not up.
func (m *Machine) peerLeft(c *conn, msg *wire.PgLeave) {
	var pids []uint64
	for _, a := range msg.GetActors() {
		if _, ok := c.session.up[a.GetPid()]; ok {
			pids = append(pids, a.GetPid())
		}
	}
	if len(pids) > 0 {
		m.emit(PeerLeft{c.Conn, scopeHere(msg.GetScope()), msg.GetGroup(), pids})
	}
}
