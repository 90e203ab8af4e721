package protocol

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// TestDigestVector is section 5.2's test vector.
func TestDigestVector(t *testing.T) {
	require.Equal(t, "143e00d9d3b31d9d24452f85ac04448953081a02ed02272e592c5b13cd422ef7", hex.EncodeToString(digest("cookie", 42)))
}

// TestMACVector has macs that were computed by another program from the
// description.
func TestMACVector(t *testing.T) {
	tr := transcript{
		exporter:     []byte("exporter"),
		connectionID: 7,
		name:         [2]string{"a@host", "b@host"},
		addr:         [2]string{"host:4697", "host:4698"},
		hello:        [2][]byte{[]byte("hello of a"), []byte("hello of b")},
		nonce:        [2][]byte{[]byte(strings.Repeat("A", 16)), []byte(strings.Repeat("B", 16))},
	}
	require.Equal(t, "d88131d90b9dbd3f83d865e8e8b9bef6621bc662571c44e040d0aabad9320cc3", hex.EncodeToString(tr.mac("cookie", true)))
	require.Equal(t, "6288564d2e95c4c3d64a2f1b356a682690f0793e3f3caa23b5cad03f49ae20b6", hex.EncodeToString(tr.mac("cookie", false)))
}

// TestMACCoversAll changes one thing at a time.
func TestMACCoversAll(t *testing.T) {
	base := func() transcript {
		return transcript{
			exporter: []byte("e"), connectionID: 1, name: [2]string{"ab", "c"}, addr: [2]string{"d", "e"},
			hello: [2][]byte{[]byte("f"), []byte("g")}, nonce: [2][]byte{[]byte("h"), []byte("i")},
		}
	}
	changes := map[string]func(*transcript){
		"exporter":       func(t *transcript) { t.exporter = nil },
		"connection id":  func(t *transcript) { t.connectionID++ },
		"names swapped":  func(t *transcript) { t.name[0], t.name[1] = t.name[1], t.name[0] },
		"name and addr":  func(t *transcript) { t.name[0], t.addr[0] = "a", "bd" }, // same bytes, other border
		"name dialled":   func(t *transcript) { t.name[1] = "x" },
		"addr dials":     func(t *transcript) { t.addr[0] = "x" },
		"addr accepts":   func(t *transcript) { t.addr[1] = "x" },
		"hello dials":    func(t *transcript) { t.hello[0] = nil },
		"hello accepts":  func(t *transcript) { t.hello[1] = nil },
		"nonces swapped": func(t *transcript) { t.nonce[0], t.nonce[1] = t.nonce[1], t.nonce[0] },
	}
	seen := map[string]string{}
	note := func(what string, mac []byte) {
		require.Empty(t, seen[string(mac)], what)
		seen[string(mac)] = what
	}
	note("base", base().mac("cookie", true))
	note("role", base().mac("cookie", false))
	note("cookie", base().mac("Cookie", true))
	for what, change := range changes {
		tr := base()
		change(&tr)
		note(what, tr.mac("cookie", true))
	}
}

func TestHello(t *testing.T) {
	h, ok := readHello(hello(Config{Incarnation: 5, Features: []string{"b", "a", "b"}}))
	require.True(t, ok)
	require.True(t, proto.Equal(&wire.Hello{Version: 1, Incarnation: 5, Features: []string{"a", "b"}}, h))

	_, ok = readHello(hello(Config{Incarnation: 5, Features: []string{strings.Repeat("x", maxFeature+1)}}))
	require.False(t, ok, "a feature's name that is too long")
	var many []string
	for i := range maxFeatures + 1 {
		many = append(many, fmt.Sprint("f", i))
	}
	_, ok = readHello(hello(Config{Incarnation: 5, Features: many}))
	require.False(t, ok, "too many features")
	_, ok = readHello(hello(Config{Incarnation: 5, Features: []string{"\xff"}}))
	require.False(t, ok, "no UTF-8")
	_, ok = readHello(nil)
	require.False(t, ok)
}

func TestConnectionIDs(t *testing.T) {
	var ids connectionIDs
	at := time.Unix(1, 5)
	require.Equal(t, uint64(math.MaxUint64-1_000_000_005), ids.next(at))
	require.Equal(t, uint64(math.MaxUint64-1_000_000_006), ids.next(at))
	require.Equal(t, uint64(math.MaxUint64-1_000_000_007), ids.next(at.Add(-time.Hour)), "the clock was set back")
	require.Equal(t, uint64(math.MaxUint64-2_000_000_005), ids.next(at.Add(time.Second)))
}

// TestGoNodesBound: what is kept of names is bounded; the oldest goes.
func TestGoNodesBound(t *testing.T) {
	var g goNodes
	for i := range maxGoNodes + 1 {
		g.add(fmt.Sprint(i))
		g.add(fmt.Sprint(i))
	}
	require.Len(t, g.names, maxGoNodes)
	require.False(t, g.known("0"))
	require.True(t, g.known("1"))
	require.True(t, g.known(fmt.Sprint(maxGoNodes)))
}
