package protocol

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// The text form of messages and effects, for scripts: words, of which the first
// says what it is. See testdata/README.

// link is what a reader of one connection's bytes knows of it. With the cookie
// that is enough to answer as the peer should.
type link struct {
	cookie         string
	dialed         bool // by the machine
	begin          time.Time
	t              transcript
	ourChallenge   uint32 // the machine's
	theirChallenge uint32
}

// note takes down what passes, in either direction.
func (l *link) note(msg *wire.NetworkMessage, fromMachine bool) {
	side := 1
	if fromMachine == l.dialed {
		side = 0
	}
	challenge := &l.theirChallenge
	if fromMachine {
		challenge = &l.ourChallenge
	}
	introduce := func(name, addr string, flags *wire.NodeFlags) {
		l.t.name[side], l.t.addr[side], l.t.hello[side] = name, addr, flags.GetGo()
	}
	switch a := msg.GetAuth().GetMsg().(type) {
	case *wire.AuthenticationMessage_Name:
		introduce(a.Name.GetName(), a.Name.GetConnectionString(), a.Name.GetFlags())
		l.t.connectionID = a.Name.GetConnectionId()
	case *wire.AuthenticationMessage_ServerChallenge:
		introduce(a.ServerChallenge.GetName(), a.ServerChallenge.GetConnectionString(), a.ServerChallenge.GetFlags())
		*challenge = a.ServerChallenge.GetChallenge()
	case *wire.AuthenticationMessage_ClientChallenge:
		*challenge = a.ClientChallenge.GetChallenge()
	}
	if offer := msg.GetGo().GetAuthOffer(); offer != nil {
		l.t.nonce[side] = offer.GetNonce()
	}
}

// parse reads a message of the peer's.
func (l *link) parse(words []string) *wire.NetworkMessage {
	rest, opt := options(words[1:])
	arg := func(i int) string {
		if i < len(rest) {
			return rest[i]
		}
		return ""
	}
	auth := func(a *wire.AuthenticationMessage) *wire.NetworkMessage {
		return &wire.NetworkMessage{Message: &wire.NetworkMessage_Auth{Auth: a}}
	}
	control := func(c *wire.ControlMessage) *wire.NetworkMessage {
		return &wire.NetworkMessage{Message: &wire.NetworkMessage_Control{Control: c}}
	}
	goes := func(g *wire.Go) *wire.NetworkMessage {
		return &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: g}}
	}
	digestOf := func() []byte {
		if opt["digest"] == "good" {
			return digest(l.cookie, l.ourChallenge)
		}
		return []byte(opt["digest"])
	}
	switch words[0] {
	case "empty":
		return &wire.NetworkMessage{}
	case "auth_empty":
		return auth(&wire.AuthenticationMessage{})
	case "control_empty":
		return control(&wire.ControlMessage{})
	case "go_empty":
		return goes(&wire.Go{})
	case "name":
		return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: &wire.NameMessage{
			Name: dash(arg(0)), ConnectionString: arg(1), ConnectionId: number(opt["id"]), Flags: flags(opt),
		}}})
	case "server_status":
		v, ok := wire.ServerStatus_Status_value[arg(0)]
		if !ok {
			v = int32(number(arg(0)))
		}
		return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerStatus{
			ServerStatus: &wire.ServerStatus{Status: wire.ServerStatus_Status(v)},
		}})
	case "client_status":
		return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ClientStatus{
			ClientStatus: &wire.ClientStatus{Status: arg(0) == "true"},
		}})
	case "server_challenge":
		return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerChallenge{ServerChallenge: &wire.Challenge{
			Name: arg(0), ConnectionString: arg(1), Challenge: uint32(number(opt["challenge"])), Flags: flags(opt),
		}}})
	case "client_challenge":
		return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ClientChallenge{
			ClientChallenge: &wire.ChallengeReply{Challenge: uint32(number(opt["challenge"])), Digest: digestOf()},
		}})
	case "server_ack":
		return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerAck{
			ServerAck: &wire.ChallengeAck{Digest: digestOf()},
		}})
	case "offer":
		nonce := opt["nonce"]
		if nonce == "" {
			nonce = strings.Repeat("n", nonceLen)
		}
		return goes(&wire.Go{Msg: &wire.Go_AuthOffer{AuthOffer: &wire.AuthOffer{Nonce: []byte(nonce)}}})
	case "proof":
		var mac []byte
		switch arg(0) {
		case "good":
			mac = l.t.mac(l.cookie, !l.dialed)
		case "reflected": // the machine's own role
			mac = l.t.mac(l.cookie, l.dialed)
		}
		return goes(&wire.Go{Msg: &wire.Go_AuthProof{AuthProof: &wire.AuthProof{Mac: mac}}})
	case "spawn":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Spawn{Spawn: &wire.Spawn{Actors: actors(rest)}}})
	case "terminate":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Terminate{Terminate: &wire.Terminate{Ids: pids(rest)}}})
	case "ping":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ping{Ping: &wire.Ping{Timestamp: timestamp(arg(0))}}})
	case "pong":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Pong{Pong: &wire.Pong{Timestamp: timestamp(arg(0))}}})
	case "pg_join":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_PgJoin{
			PgJoin: &wire.PgJoin{Scope: dash(rest[0]), Group: rest[1], Actors: actors(rest[2:])},
		}})
	case "pg_leave":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_PgLeave{
			PgLeave: &wire.PgLeave{Scope: dash(rest[0]), Group: rest[1], Actors: actors(rest[2:])},
		}})
	case "enumerate":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_EnumerateNodeSessions{
			EnumerateNodeSessions: &wire.NameMessage{Name: arg(0), ConnectionString: arg(1)},
		}})
	case "node_sessions":
		list := &wire.NodeSessions{}
		for _, r := range rest {
			name, addr, _ := strings.Cut(r, "=")
			list.Sessions = append(list.Sessions, &wire.NameMessage{Name: name, ConnectionString: addr})
		}
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_NodeSessions{NodeSessions: list}})
	case "ready":
		return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ready{Ready: &wire.Ready{}}})
	case "cast":
		return &wire.NetworkMessage{Message: &wire.NetworkMessage_Node{Node: &wire.NodeMessage{
			Msg: &wire.NodeMessage_Cast{Cast: &wire.Cast{To: number(arg(0))}},
		}}}
	case "down":
		return goes(&wire.Go{Msg: &wire.Go_Down{Down: &wire.Down{Pid: number(arg(0)), Reason: reason(rest[1:])}}})
	case "export":
		return goes(&wire.Go{Msg: &wire.Go_Export{Export: &wire.Export{Pid: number(arg(0)), Name: opt["name"], Type: opt["type"]}}})
	case "named":
		return goes(&wire.Go{Msg: &wire.Go_Named{Named: &wire.Named{Name: arg(0), Pid: number(arg(1)), Type: opt["type"]}}})
	case "unnamed":
		return goes(&wire.Go{Msg: &wire.Go_Unnamed{Unnamed: &wire.Unnamed{Name: arg(0), Pid: number(arg(1))}}})
	case "nack":
		return goes(&wire.Go{Msg: &wire.Go_Nack{Nack: &wire.Nack{To: number(arg(0))}}})
	}
	panic("no message: " + strings.Join(words, " "))
}

// text is how a script calls a message of the machine's.
func (l *link) text(msg *wire.NetworkMessage) string {
	switch x := msg.GetMessage().(type) {
	case *wire.NetworkMessage_Auth:
		return l.authText(x.Auth)
	case *wire.NetworkMessage_Control:
		return controlText(x.Control)
	case *wire.NetworkMessage_Go:
		return l.goText(x.Go)
	}
	return "?"
}

func (l *link) authText(a *wire.AuthenticationMessage) string {
	digestText := func(got []byte) string {
		if bytes.Equal(got, digest(l.cookie, l.theirChallenge)) {
			return "digest=good"
		}
		return "digest=bad"
	}
	switch a := a.GetMsg().(type) {
	case *wire.AuthenticationMessage_Name:
		id := uint64(math.MaxUint64) - a.Name.GetConnectionId() - uint64(l.begin.UnixNano())
		return fmt.Sprintf("name %s %s id=t+%dns%s", a.Name.GetName(), a.Name.GetConnectionString(), id, flagsText(a.Name.GetFlags()))
	case *wire.AuthenticationMessage_ServerStatus:
		return "server_status " + a.ServerStatus.GetStatus().String()
	case *wire.AuthenticationMessage_ClientStatus:
		return fmt.Sprint("client_status ", a.ClientStatus.GetStatus())
	case *wire.AuthenticationMessage_ServerChallenge:
		return fmt.Sprintf("server_challenge %s %s challenge=%d%s", a.ServerChallenge.GetName(), a.ServerChallenge.GetConnectionString(),
			a.ServerChallenge.GetChallenge(), flagsText(a.ServerChallenge.GetFlags()))
	case *wire.AuthenticationMessage_ClientChallenge:
		return fmt.Sprintf("client_challenge challenge=%d %s", a.ClientChallenge.GetChallenge(), digestText(a.ClientChallenge.GetDigest()))
	case *wire.AuthenticationMessage_ServerAck:
		return "server_ack " + digestText(a.ServerAck.GetDigest())
	}
	return "?"
}

func controlText(c *wire.ControlMessage) string {
	switch c := c.GetMsg().(type) {
	case *wire.ControlMessage_Spawn:
		return "spawn" + actorsText(c.Spawn.GetActors())
	case *wire.ControlMessage_Terminate:
		return "terminate" + pidsText(c.Terminate.GetIds())
	case *wire.ControlMessage_Ping:
		return "ping " + timestampText(c.Ping.GetTimestamp())
	case *wire.ControlMessage_Pong:
		return "pong " + timestampText(c.Pong.GetTimestamp())
	case *wire.ControlMessage_PgJoin:
		return "pg_join " + undash(c.PgJoin.GetScope()) + " " + c.PgJoin.GetGroup() + actorsText(c.PgJoin.GetActors())
	case *wire.ControlMessage_PgLeave:
		return "pg_leave " + undash(c.PgLeave.GetScope()) + " " + c.PgLeave.GetGroup() + actorsText(c.PgLeave.GetActors())
	case *wire.ControlMessage_EnumerateNodeSessions:
		return "enumerate " + c.EnumerateNodeSessions.GetName() + " " + c.EnumerateNodeSessions.GetConnectionString() +
			flagsText(c.EnumerateNodeSessions.GetFlags())
	case *wire.ControlMessage_NodeSessions:
		s := "node_sessions"
		for _, n := range c.NodeSessions.GetSessions() {
			s += " " + n.GetName() + "=" + n.GetConnectionString() + flagsText(n.GetFlags())
		}
		return s
	case *wire.ControlMessage_Ready:
		return "ready"
	}
	return "?"
}

func (l *link) goText(g *wire.Go) string {
	switch g := g.GetMsg().(type) {
	case *wire.Go_AuthOffer:
		return fmt.Sprintf("offer %d bytes", len(g.AuthOffer.GetNonce()))
	case *wire.Go_AuthProof:
		if bytes.Equal(g.AuthProof.GetMac(), l.t.mac(l.cookie, l.dialed)) {
			return "proof good"
		}
		return "proof bad"
	case *wire.Go_Down:
		return fmt.Sprintf("down %d%s", g.Down.GetPid(), reasonText(g.Down.GetReason()))
	case *wire.Go_Export:
		return fmt.Sprintf("export %d%s", g.Export.GetPid(), nameText(g.Export.GetName(), g.Export.GetType()))
	case *wire.Go_Named:
		return fmt.Sprintf("named %s %d%s", g.Named.GetName(), g.Named.GetPid(), nameText("", g.Named.GetType()))
	case *wire.Go_Unnamed:
		return fmt.Sprintf("unnamed %s %d", g.Unnamed.GetName(), g.Unnamed.GetPid())
	}
	return "?"
}

// effectText is how a script calls an effect.
func effectText(e Effect, l *link) string {
	switch e := e.(type) {
	case Send:
		late := ""
		if e.Late {
			late = " late"
		}
		return fmt.Sprintf("send c%d %s%s", e.Conn, l.text(e.Msg), late)
	case Close:
		return fmt.Sprintf("close c%d %s", e.Conn, e.Reason)
	case Dial:
		s := "dial " + e.Addr + " name=" + e.Name
		if e.Secure {
			s += " secure"
		}
		return s
	case Authenticated:
		return fmt.Sprintf("authenticated c%d %s", e.Conn, peerText(e.Peer))
	case Ready:
		return fmt.Sprintf("ready c%d %s", e.Conn, e.Peer.Name)
	case Disconnected:
		return fmt.Sprintf("disconnected c%d %s: %s", e.Conn, e.Peer.Name, e.Reason)
	case Allow:
		return fmt.Sprintf("allow c%d %d", e.Conn, e.Pid)
	case Revoke:
		return fmt.Sprintf("revoke c%d %d", e.Conn, e.Pid)
	case Up:
		return fmt.Sprintf("up c%d %d%s", e.Conn, e.Pid, nameText(e.Name, e.Type))
	case Down:
		return fmt.Sprintf("down c%d %d%s", e.Conn, e.Pid, reasonText(e.Reason))
	case PeerJoined:
		return fmt.Sprintf("joined c%d %s %s%s", e.Conn, undash(e.Scope), e.Group, pidsText(e.Pids))
	case PeerLeft:
		return fmt.Sprintf("left c%d %s %s%s", e.Conn, undash(e.Scope), e.Group, pidsText(e.Pids))
	case PeerNamed:
		return fmt.Sprintf("named c%d %s %d%s", e.Conn, e.Name, e.Pid, nameText("", e.Type))
	case PeerUnnamed:
		return fmt.Sprintf("unnamed c%d %s %d", e.Conn, e.Name, e.Pid)
	case Log:
		return fmt.Sprintf("log c%d %s %s", e.Conn, e.Level, e.Text)
	}
	panic(fmt.Sprintf("no text for %T", e))
}

// options takes the key=value words, and the few that stand alone, out of words.
func options(words []string) (rest []string, opt map[string]string) {
	opt = map[string]string{}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		switch {
		case w == "go" || w == "secure" || w == "loopback" || w == "transitive" || w == "allow_insecure":
			opt[w] = "yes"
		case ok && !strings.Contains(key, "@"): // a@host=host:1 is no option
			opt[key] = value
		default:
			rest = append(rest, w)
		}
	}
	return rest, opt
}

// flags: go inc=5 features=x,y version=1, or raw=hex for what NodeFlags.go holds.
func flags(opt map[string]string) *wire.NodeFlags {
	f := &wire.NodeFlags{Version: 1}
	if raw, ok := opt["raw"]; ok {
		f.Go, _ = hex.DecodeString(raw)
	}
	if opt["go"] != "" {
		f.Go = hello(Config{Incarnation: number(opt["inc"]), Features: list(opt["features"])})
	}
	return f
}

func flagsText(f *wire.NodeFlags) string {
	h, ok := readHello(f.GetGo())
	if !ok {
		return ""
	}
	return " go" + helloText(h.GetIncarnation(), h.GetFeatures())
}

func helloText(incarnation uint64, features []string) string {
	s := fmt.Sprintf(" inc=%d", incarnation)
	if len(features) > 0 {
		s += " features=" + strings.Join(features, ",")
	}
	return s
}

func peerText(p Peer) string {
	s := p.Name + " " + p.Addr
	if p.Dialed {
		s += " dialed"
	}
	if p.Go {
		s += " go" + helloText(p.Incarnation, p.Features)
	}
	return s
}

func nameText(name, typ string) (s string) {
	if name != "" {
		s += " name=" + name
	}
	if typ != "" {
		s += " type=" + typ
	}
	return s
}

func reason(words []string) *wire.Reason {
	if len(words) == 0 {
		return nil
	}
	return &wire.Reason{Kind: wire.Reason_Kind(wire.Reason_Kind_value[words[0]]), Text: strings.Join(words[1:], " ")}
}

func reasonText(r *wire.Reason) string {
	if r == nil {
		return ""
	}
	return strings.TrimRight(" "+r.GetKind().String()+" "+r.GetText(), " ")
}

// actors: 5 6:name
func actors(words []string) (as []*wire.Actor) {
	for _, w := range words {
		pid, name, ok := strings.Cut(w, ":")
		a := &wire.Actor{Pid: number(pid)}
		if ok {
			a.Name = &name
		}
		as = append(as, a)
	}
	return as
}

func actorsText(as []*wire.Actor) (s string) {
	for _, a := range as {
		s += fmt.Sprintf(" %d", a.GetPid())
		if a.Name != nil {
			s += ":" + a.GetName()
		}
	}
	return s
}

func pids(words []string) (ps []uint64) {
	for _, w := range words {
		ps = append(ps, number(w))
	}
	return ps
}

func pidsText(ps []uint64) (s string) {
	for _, p := range ps {
		s += fmt.Sprintf(" %d", p)
	}
	return s
}

// dash: what is empty is a dash in scripts.
func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

func undash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func timestamp(s string) *timestamppb.Timestamp {
	switch s {
	case "", "none":
		return nil
	case "malformed":
		return &timestamppb.Timestamp{Nanos: -1}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return &timestamppb.Timestamp{Seconds: int64(d / time.Second), Nanos: int32(d % time.Second)}
}

func timestampText(ts *timestamppb.Timestamp) string {
	if ts == nil {
		return "none"
	}
	if !ts.IsValid() {
		return "malformed"
	}
	return (time.Duration(ts.GetSeconds())*time.Second + time.Duration(ts.GetNanos())).String()
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func number(s string) uint64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
