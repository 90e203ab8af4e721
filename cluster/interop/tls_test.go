//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A pki is an authority and one certificate of it, which all nodes of a test share.
type pki struct {
	pair  tls.Certificate
	roots *x509.CertPool
	dir   string
}

func newPKI(t testing.TB) pki {
	t.Helper()
	authority, key := certify(t, nil, nil, &x509.Certificate{
		Subject:               pkix.Name{CommonName: "authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	})
	cert, own := certify(t, authority, key, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "node"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	p := pki{roots: x509.NewCertPool(), dir: t.TempDir()}
	p.roots.AddCert(authority)
	secret, err := x509.MarshalPKCS8PrivateKey(own)
	require.NoError(t, err)
	p.write(t, "ca.pem", "CERTIFICATE", authority.Raw)
	p.write(t, "cert.pem", "CERTIFICATE", cert.Raw)
	p.write(t, "key.pem", "PRIVATE KEY", secret)
	p.pair, err = tls.LoadX509KeyPair(filepath.Join(p.dir, "cert.pem"), filepath.Join(p.dir, "key.pem"))
	require.NoError(t, err)
	return p
}

// certify signs what is wanted by a parent, or by itself if there is none.
func certify(t testing.TB, parent *x509.Certificate, by *ecdsa.PrivateKey, want *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	if parent == nil {
		parent, by = want, key
	}
	want.SerialNumber = big.NewInt(time.Now().UnixNano())
	want.NotBefore, want.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, want, parent, key.Public(), by)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func (p pki) write(t testing.TB, name, kind string, bytes []byte) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, name), text, 0o600))
}

// flags are the peer's.
func (p pki) flags(mutual bool) []string {
	flags := []string{
		"--tls-cert", filepath.Join(p.dir, "cert.pem"),
		"--tls-key", filepath.Join(p.dir, "key.pem"),
		"--tls-ca", filepath.Join(p.dir, "ca.pem"),
	}
	if mutual {
		flags = append(flags, "--tls-mutual")
	}
	return flags
}

func (p pki) server(mutual bool) *tls.Config {
	cfg := &tls.Config{Certificates: []tls.Certificate{p.pair}, MinVersion: tls.VersionTLS13}
	if mutual {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, p.roots
	}
	return cfg
}

func (p pki) client(mutual bool) *tls.Config {
	cfg := &tls.Config{RootCAs: p.roots, MinVersion: tls.VersionTLS13}
	if mutual {
		cfg.Certificates = []tls.Certificate{p.pair}
	}
	return cfg
}
