package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keys are a certificate for loopback, signed by itself, and where it is written
// for another process to read.
type keys struct {
	config *tls.Config
	dir    string
}

func newKeys() (*keys, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "loadgen"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	k := &keys{config: mutualTLS(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots)}
	if k.dir, err = os.MkdirTemp("", "loadgen-keys-"); err != nil {
		return nil, err
	}
	err = errors.Join(
		os.WriteFile(k.file("cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(k.file("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	)
	if err != nil {
		return nil, errors.Join(err, k.remove())
	}
	return k, nil
}

func (k *keys) file(name string) string { return filepath.Join(k.dir, name) }

// flags are what loadgen node takes.
func (k *keys) flags() []string {
	return []string{"--tls-cert", k.file("cert.pem"), "--tls-key", k.file("key.pem"), "--tls-ca", k.file("cert.pem")}
}

func (k *keys) remove() error { return os.RemoveAll(k.dir) }
