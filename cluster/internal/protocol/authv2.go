package protocol

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Authentication v2. Where it stands in the handshake, and what it is worth, is
// said in the package's text.

// v2 is what a connection keeps for it.
type v2 struct {
	ours, theirs   []byte // Hellos, as sent
	nonce, itNonce []byte
}

// helloMagic begins a Hello. ractor might use the field's number one day.
var helloMagic = []byte("RGo\x01")

const (
	helloVersion = 1
	nonceLen     = 16
	maxFeatures  = 64
	maxFeature   = 64 // bytes
)

// hello is what NodeFlags.go says of this node.
func hello(cfg Config) []byte {
	features := slices.Compact(slices.Sorted(slices.Values(cfg.Features)))
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(slices.Clone(helloMagic), &wire.Hello{
		Version: helloVersion, Incarnation: cfg.Incarnation, Features: features,
	})
	if err != nil {
		return nil // a feature that is not UTF-8: then none are told, and the peer is legacy to us
	}
	return b
}

// readHello reads NodeFlags.go. What is malformed is absent. A higher version is
// this one with fields that are skipped.
func readHello(b []byte) (*wire.Hello, bool) {
	b, ok := bytes.CutPrefix(b, helloMagic)
	if !ok {
		return nil, false
	}
	h := &wire.Hello{}
	if proto.Unmarshal(b, h) != nil || h.GetVersion() == 0 || h.GetIncarnation() == 0 || len(h.GetFeatures()) > maxFeatures {
		return nil, false
	}
	for _, f := range h.GetFeatures() {
		if len(f) > maxFeature {
			return nil, false
		}
	}
	return h, true
}

// common is what is in both, sorted.
func common(ours, theirs []string) []string {
	var both []string
	for _, f := range slices.Compact(slices.Sorted(slices.Values(theirs))) {
		if slices.Contains(ours, f) {
			both = append(both, f)
		}
	}
	return both
}

// offer sends our nonce.
func (m *Machine) offer(c *conn) {
	c.v2.nonce = binary.BigEndian.AppendUint64(nil, m.cfg.Rand())
	c.v2.nonce = binary.BigEndian.AppendUint64(c.v2.nonce, m.cfg.Rand())
	m.goes(c, &wire.Go{Msg: &wire.Go_AuthOffer{AuthOffer: &wire.AuthOffer{Nonce: c.v2.nonce}}}, false)
}

// prove sends our mac.
func (m *Machine) prove(c *conn) {
	mac := m.transcript(c).mac(m.cfg.Cookie, c.Dialed)
	m.goes(c, &wire.Go{Msg: &wire.Go_AuthProof{AuthProof: &wire.AuthProof{Mac: mac}}}, false)
}

// v2Message takes a message of authentication v2. The side that has dialled
// proves first.
func (m *Machine) v2Message(c *conn, msg *wire.Go) {
	switch msg := msg.GetMsg().(type) {
	case *wire.Go_AuthOffer:
		nonce := msg.AuthOffer.GetNonce()
		if c.state == waitOffer && len(nonce) == nonceLen {
			c.v2.itNonce = nonce
			c.state = waitProof
			if c.Dialed {
				m.prove(c)
			}
			return
		}
	case *wire.Go_AuthProof:
		if c.state == waitProof {
			m.onProof(c, msg.AuthProof.GetMac())
			return
		}
	}
	m.unexpected(c)
}

func (m *Machine) onProof(c *conn, mac []byte) {
	if !hmac.Equal(mac, m.transcript(c).mac(m.cfg.Cookie, !c.Dialed)) {
		m.close(c, closeMAC)
		return
	}
	m.goNodes.add(c.peer.Name)
	if !c.Dialed {
		m.prove(c)
	}
	m.authenticated(c)
}

// transcript is what both sides must have seen alike. The first of each pair is
// of the side that dials.
type transcript struct {
	exporter     []byte
	connectionID uint64
	name, addr   [2]string
	hello, nonce [2][]byte
}

func (m *Machine) transcript(c *conn) transcript {
	t := transcript{
		exporter:     c.Exporter,
		connectionID: c.connectionID,
		name:         [2]string{m.cfg.Name, c.peer.Name},
		addr:         [2]string{m.cfg.Addr, c.peer.Addr},
		hello:        [2][]byte{c.v2.ours, c.v2.theirs},
		nonce:        [2][]byte{c.v2.nonce, c.v2.itNonce},
	}
	if !c.Dialed {
		slices.Reverse(t.name[:])
		slices.Reverse(t.addr[:])
		slices.Reverse(t.hello[:])
		slices.Reverse(t.nonce[:])
	}
	return t
}

// mac is the proof of the side that dialled, or of the other. Each part has its
// length in front, so that no two transcripts are the same bytes.
func (t transcript) mac(cookie string, dialed bool) []byte {
	role := "accepts"
	if dialed {
		role = "dials"
	}
	h := hmac.New(sha256.New, []byte(cookie))
	part := func(b []byte) {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b)))) // never fails
		_, _ = h.Write(b)
	}
	part([]byte("ractor-go authentication v2"))
	part([]byte(role))
	part(t.exporter)
	part(binary.BigEndian.AppendUint64(nil, t.connectionID))
	for i := range 2 {
		part([]byte(t.name[i]))
		part([]byte(t.addr[i]))
		part(t.hello[i])
		part(t.nonce[i])
	}
	return h.Sum(nil)
}
