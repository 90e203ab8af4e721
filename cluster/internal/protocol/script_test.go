package protocol

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the machine does into the scripts")

// TestScripts runs testdata/*.txt. Their language is described in
// testdata/README.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			got := runScript(string(text))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			}
			require.Equal(t, string(text), got)
		})
	}
}

// script is a machine and what a script needs beside it.
type script struct {
	m     *Machine
	now   time.Time
	links map[ConnID]*link
	cfg   Config
	out   strings.Builder
}

var begin = time.Unix(1_000_000_000, 0)

// runScript returns the script as it should read: each line but the wants as it
// is, with the effects that it has had as wants behind it.
func runScript(text string) string {
	s := &script{now: begin, links: map[ConnID]*link{}}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "want" {
			continue
		}
		s.out.WriteString(line + "\n")
		if len(words) > 0 && words[0] != "#" {
			s.line(words)
		}
	}
	return s.out.String()
}

func (s *script) line(words []string) {
	rest, opt := options(words[1:])
	switch words[0] {
	case "node":
		s.node(rest, opt)
	case "at":
		d, err := time.ParseDuration(rest[0])
		if err != nil {
			panic(err)
		}
		s.advance(begin.Add(d))
	case "asleep":
		d, err := time.ParseDuration(rest[0])
		if err != nil {
			panic(err)
		}
		s.now = s.now.Add(d)
		s.step(Tick{})
	default:
		s.step(s.event(words[0], rest, opt, words[1:]))
	}
}

func (s *script) node(rest []string, opt map[string]string) {
	duration := func(key string, otherwise time.Duration) time.Duration {
		if opt[key] == "" {
			return otherwise
		}
		d, err := time.ParseDuration(opt[key])
		if err != nil {
			panic(err)
		}
		return d
	}
	var random []uint64
	for _, r := range list(opt["rand"]) {
		random = append(random, number(r))
	}
	n := uint64(1000)
	s.cfg = Config{
		Name: rest[0], Addr: rest[1], Cookie: "cookie", Incarnation: max(number(opt["inc"]), 1), Features: list(opt["features"]),
		Transitive: opt["transitive"] != "", AllowInsecureLegacy: opt["allow_insecure"] != "",
		PingMin: duration("ping", time.Hour), PingMax: duration("ping", time.Hour), IdleTimeout: duration("idle", 2*time.Hour),
		MaxUnauthenticated: int(number(opt["max"])),
		Rand: func() uint64 {
			if len(random) > 0 {
				r := random[0]
				random = random[1:]
				return r
			}
			n++
			return n
		},
	}
	s.m = New(s.cfg)
}

func (s *script) event(verb string, rest []string, opt map[string]string, words []string) Event {
	conn := func() ConnID { return ConnID(number(strings.TrimPrefix(rest[0], "c"))) }
	switch verb {
	case "open":
		ev := Opened{
			Conn: conn(), Dialed: rest[1] == "dial", Remote: "1.2.3.4:5", Secure: opt["secure"] != "", Loopback: opt["loopback"] != "",
			Exporter: []byte(opt["exporter"]), CertName: opt["cert"], Expect: opt["expect"],
		}
		s.links[ev.Conn] = &link{cookie: s.cfg.Cookie, dialed: ev.Dialed, begin: begin, t: transcript{exporter: ev.Exporter}}
		return ev
	case "recv":
		l := s.links[conn()]
		msg := l.parse(words[1:])
		l.note(msg, false)
		return Received{conn(), msg}
	case "heard":
		return Heard{conn()}
	case "deaf":
		return Deaf{conn(), true}
	case "hears":
		return Deaf{conn(), false}
	case "closed":
		ev := Closed{Conn: conn()}
		if len(rest) > 1 {
			ev.Err = errors.New(strings.Join(rest[1:], " "))
		}
		return ev
	case "spawned":
		return Spawned{number(rest[0]), opt["name"], opt["type"]}
	case "ended":
		return Ended{number(rest[0]), reason(rest[1:])}
	case "joined":
		return Joined{dash(rest[0]), rest[1], pids(rest[2:])}
	case "left":
		return Left{dash(rest[0]), rest[1], pids(rest[2:])}
	case "named":
		return Named{rest[0], number(rest[1]), opt["type"]}
	case "unnamed":
		return Unnamed{rest[0], number(rest[1])}
	case "export":
		return Export{conn(), number(rest[1])}
	case "leave":
		return Leave{}
	}
	panic("no event: " + verb)
}

func (s *script) step(ev Event) {
	for _, e := range s.m.Step(s.now, ev) {
		var l *link
		if send, ok := e.(Send); ok {
			l = s.links[send.Conn]
			l.note(send.Msg, true)
		}
		since := ""
		if _, ok := ev.(Tick); ok {
			since = fmt.Sprintf("@%v ", s.now.Sub(begin))
		}
		s.out.WriteString(strings.TrimRight("want "+since+effectText(e, l), " ") + "\n")
	}
}

// advance lets time pass, with the ticks that the machine wants.
func (s *script) advance(to time.Time) {
	for {
		at, ok := s.m.Wake()
		if !ok || at.After(to) {
			break
		}
		s.now = at
		s.step(Tick{})
		if again, ok := s.m.Wake(); ok && !again.After(at) {
			panic("a tick has not changed the time to wake")
		}
	}
	s.now = to
}
