package cluster_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
)

// authority signs the certificates of a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	a := &authority{t: t, key: key, pool: x509.NewCertPool()}
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.pool.AddCert(a.cert)
	return a
}

// config is mutual TLS for a node of that name; an empty name is none.
func (a *authority) config(node string) *tls.Config {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"},
		NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if node != "" {
		template.EmailAddresses = []string{node}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(a.t, err)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      a.pool,
		ClientCAs:    a.pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}
}

func TestMutualTLS(t *testing.T) {
	ca := newAuthority(t)
	a, b := sides(t, func(a, b *cluster.Config) {
		a.TLS, b.TLS = ca.config("a@localhost"), ca.config("b@localhost")
		a.BindNameToCert, b.BindNameToCert = true, true
	})
	b.spawn(&counter{sum: 4}, actor.Named("counter"))
	a.dials(b)
	n, err := get(a.ctx, a.find("counter"))
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
	for s := range b.node.Sessions() {
		require.True(t, s.Secure)
	}
}

// Server certificates alone protect what is sent; the cookie says who may.
func TestServerTLS(t *testing.T) {
	ca := newAuthority(t)
	a, b := sides(t, func(a, b *cluster.Config) {
		b.TLS = ca.config("")
		b.TLS.ClientAuth = tls.NoClientCert
		a.ClientTLS = &tls.Config{RootCAs: ca.pool, MinVersion: tls.VersionTLS13}
	})
	b.spawn(&counter{}, actor.Named("counter"))
	a.dials(b)
	_, err := get(a.ctx, a.find("counter"))
	require.NoError(t, err)
}

func TestBindNameToCert(t *testing.T) {
	ca := newAuthority(t)
	for _, c := range []struct{ name, cert, why string }{
		{"another node's", "c@localhost", ""},
		{"no node's", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := sides(t, func(a, b *cluster.Config) {
				a.TLS, b.TLS = ca.config(c.cert), ca.config("b@localhost")
				b.BindNameToCert = true
			})
			_, err := a.node.Dial(a.ctx, b.node.Addr())
			require.ErrorIs(t, err, cluster.ErrHandshake)
			require.Zero(t, b.node.Stats().Sessions)
		})
	}
	t.Run("the acceptor's", func(t *testing.T) {
		a, b := sides(t, func(a, b *cluster.Config) {
			a.TLS, b.TLS = ca.config("a@localhost"), ca.config("c@localhost")
			a.BindNameToCert = true
		})
		_, err := a.node.Dial(a.ctx, b.node.Addr())
		require.ErrorIs(t, err, cluster.ErrHandshake)
	})
	t.Run("a stranger's", func(t *testing.T) {
		other := newAuthority(t)
		a, b := sides(t, func(a, b *cluster.Config) {
			a.TLS, b.TLS = other.config("a@localhost"), ca.config("b@localhost")
			a.ClientTLS = other.config("a@localhost")
			a.ClientTLS.RootCAs = ca.pool
		})
		_, err := a.node.Dial(a.ctx, b.node.Addr())
		require.ErrorIs(t, err, cluster.ErrHandshake)
		for b.node.Stats().Refused == 0 { // b hears of it at about the same time
			require.NoError(t, b.ctx.Err())
			runtime.Gosched()
		}
		require.EqualValues(t, 1, b.node.Stats().Refused)
	})
}

// A plain dialler at a TLS node, and the opposite, fail soon.
func TestTLSOnOneSideOnly(t *testing.T) {
	ca := newAuthority(t)
	a, b := sides(t, func(_, b *cluster.Config) { b.TLS = ca.config("b@localhost") })
	_, err := a.node.Dial(a.ctx, b.node.Addr())
	require.ErrorIs(t, err, cluster.ErrHandshake)
	_, err = b.node.Dial(b.ctx, a.node.Addr())
	require.ErrorIs(t, err, cluster.ErrHandshake)
}

func TestWrongCookie(t *testing.T) {
	a, b := sides(t, func(_, b *cluster.Config) { b.Cookie = "another" })
	_, err := a.node.Dial(a.ctx, b.node.Addr())
	require.ErrorIs(t, err, cluster.ErrHandshake)
	e := b.awaits(cluster.Disconnected)
	require.ErrorContains(t, e.Err, "cookies differ")
	require.Empty(t, e.Session.Node)
	require.Zero(t, a.node.Stats().Sessions)
	require.Zero(t, b.node.Stats().Waiting)
}

// Who connects and says nothing is shown out, in time.
func TestHandshakeDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := piped(t, func(_, b *cluster.Config) { b.HandshakeTimeout = 3 * time.Second })
		x, y := net.Pipe()
		begun := time.Now()
		_, err := b.node.Connect(b.ctx, y, false)
		require.ErrorIs(t, err, cluster.ErrHandshake)
		require.Equal(t, 3*time.Second, time.Since(begun))
		_, err = x.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	})
}

// A peer that falls silent is gone after IdleTimeout, though the connection stands.
func TestSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t, func(_, b *cluster.Config) { b.IdleTimeout = 15 * time.Second })
		g := a.pipes(b)
		time.Sleep(25 * time.Second) // of the bubble
		require.Equal(t, 1, b.node.Stats().Sessions, "who has nothing to say pings")
		g.shut()
		time.Sleep(25 * time.Second) // of the bubble: what came last counts from the next tick, and what is queued has 2s to leave
		require.Zero(t, b.node.Stats().Sessions)
	})
}

// Before authentication frames are small.
func TestOversizeFrames(t *testing.T) {
	_, b := sides(t)
	conn, err := net.Dial("tcp", b.node.Addr())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write(binary.BigEndian.AppendUint64(nil, 17<<10))
	require.NoError(t, err)
	require.ErrorContains(t, b.awaits(cluster.Disconnected).Err, "too large")
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)

	// Afterwards the limit is MaxFrame.
	c, d := sides(t, func(_, d *cluster.Config) { d.MaxFrame = 100_000 })
	d.spawn(&counter{}, actor.Named("counter"))
	c.dials(d)
	r := c.find("counter")
	_, err = echo(c.ctx, r, string(make([]byte, 90_000)))
	require.NoError(t, err)
	_, err = echo(c.ctx, r, string(make([]byte, 100_000)))
	require.ErrorIs(t, err, cluster.ErrNodeDown)
	require.ErrorContains(t, d.awaits(cluster.Disconnected).Err, "too large")
}

func TestTooManyUnauthenticated(t *testing.T) {
	a, b := sides(t, func(_, b *cluster.Config) { b.MaxUnauthenticated = 3 })
	var idle []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", b.node.Addr())
		require.NoError(t, err)
		idle = append(idle, conn)
		b.awaits(cluster.Opened)
	}
	_, err := a.node.Dial(a.ctx, b.node.Addr())
	require.ErrorIs(t, err, cluster.ErrHandshake)
	require.EqualValues(t, 1, b.node.Stats().Crowded)
	for _, conn := range idle {
		require.NoError(t, conn.Close())
		b.awaits(cluster.Disconnected)
	}
	a.dials(b)
	require.NoError(t, b.node.Stop(b.ctx))
	require.Zero(t, b.node.Stats().Waiting)
}

// TLS handshakes do not run in the accept loop.
func TestStalledTLSClients(t *testing.T) {
	ca := newAuthority(t)
	a, b := sides(t, func(a, b *cluster.Config) {
		a.TLS, b.TLS = ca.config("a@localhost"), ca.config("b@localhost")
	})
	for range 10 {
		conn, err := net.Dial("tcp", b.node.Addr())
		require.NoError(t, err)
		defer conn.Close()
	}
	a.dials(b)
}

// A mistake in the Config is an error that names the field.
func TestStartRefuses(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, sys.Shutdown(context.Background())) }()
	ctx := context.Background()
	for _, c := range []struct {
		want string
		f    func(*cluster.Config)
	}{
		{"Name is empty", func(c *cluster.Config) { c.Name = "" }},
		{"the part after @ is Host", func(c *cluster.Config) { c.Name = "a@b" }},
		{"Host is", func(c *cluster.Config) { c.Host = "x@y" }},
		{"Cookie is empty", func(c *cluster.Config) { c.Cookie = "" }},
		{"Listen is", func(c *cluster.Config) { c.Listen = "nonsense" }},
		{"Advertise is", func(c *cluster.Config) { c.Advertise = "nonsense" }},
		{"Join[1]", func(c *cluster.Config) { c.Join = []string{"a:1", "b"} }},
		{"Mode(7)", func(c *cluster.Config) { c.Mode = 7 }},
		{"BindNameToCert", func(c *cluster.Config) { c.BindNameToCert = true }},
		{"ClientAuth", func(c *cluster.Config) { c.BindNameToCert, c.TLS = true, &tls.Config{} }},
		{"Kinds", func(c *cluster.Config) { c.Kinds = map[string]cluster.Kind{"x": nil} }},
		{"MaxFrame is 5", func(c *cluster.Config) { c.MaxFrame = 5 }},
		{"HandshakeFrame is 5", func(c *cluster.Config) { c.HandshakeFrame = 5 }},
		{"HandshakeFrame is 100000", func(c *cluster.Config) { c.MaxFrame, c.HandshakeFrame = 2000, 100_000 }},
		{"MaxUnauthenticated is -1", func(c *cluster.Config) { c.MaxUnauthenticated = -1 }},
		{"MaxHandshakes is -1", func(c *cluster.Config) { c.MaxHandshakes = -1 }},
		{"Outbound is 1", func(c *cluster.Config) { c.Outbound = 1 }},
		{"HandshakeTimeout is -1s", func(c *cluster.Config) { c.HandshakeTimeout = -time.Second }},
		{"IdleTimeout is -1s", func(c *cluster.Config) { c.IdleTimeout = -time.Second }},
		{"RedialMin is 2s", func(c *cluster.Config) { c.RedialMin, c.RedialMax = 2*time.Second, time.Second }},
	} {
		cfg := config("a")
		c.f(&cfg)
		_, err := cluster.Start(ctx, sys, cfg)
		require.ErrorIs(t, err, cluster.ErrConfig)
		require.ErrorContains(t, err, c.want)
	}
	_, err = cluster.Start(ctx, nil, config("a"))
	require.ErrorIs(t, err, cluster.ErrConfig)
	cfg := config("a")
	cfg.Codecs = append(cfg.Codecs, msgCodec())
	_, err = cluster.Start(ctx, sys, cfg)
	require.ErrorIs(t, err, cluster.ErrCodec)
	cfg = config("a")
	cfg.Listen = "192.0.2.1:1"
	_, err = cluster.Start(ctx, sys, cfg)
	require.ErrorContains(t, err, "192.0.2.1")
}

func TestDialErrors(t *testing.T) {
	a, _ := sides(t)
	_, err := a.node.Dial(a.ctx, "nonsense")
	require.ErrorIs(t, err, cluster.ErrConfig)
	_, err = a.node.Dial(nil, "localhost:1") //nolint:staticcheck // that is the point
	require.ErrorIs(t, err, actor.ErrNilContext)
	_, err = a.node.Connect(a.ctx, nil, true)
	require.ErrorIs(t, err, cluster.ErrConfig)
	_, err = a.node.Dial(a.ctx, a.node.Addr())
	require.ErrorIs(t, err, cluster.ErrHandshake)
	ctx, cancel := context.WithCancel(a.ctx)
	cancel()
	_, err = a.node.Dial(ctx, a.node.Addr())
	require.Error(t, err)
}
