package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

const callTimeout = 30 * time.Second

// Control is a connection to a control plane; its calls may be made by several goroutines at once.
type Control struct {
	client   *ttrpc.Client
	metadata ttrpc.MD
}

// Connect opens the connection: TLS 1.3, with a certificate if there is one. An API key, if there is one, goes with each call.
func Connect(address, ca, certificate, key, apiKeyFile string) (*Control, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", ca)
	}
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	metadata := ttrpc.MD{}
	if apiKeyFile != "" {
		apiKey, err := os.ReadFile(apiKeyFile)
		if err != nil {
			return nil, err
		}
		metadata.Set("authorization", "Bearer "+strings.TrimSpace(string(apiKey)))
	}
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return nil, err
	}
	return &Control{client: ttrpc.NewClient(conn), metadata: metadata}, nil
}

// Call makes a unary call; the error carries a gRPC status.
func (c *Control) Call(ctx context.Context, service, method string, request, response proto.Message) error {
	ctx, cancel := context.WithTimeout(ttrpc.WithMetadata(ctx, c.metadata), callTimeout)
	defer cancel()
	return c.client.Call(ctx, "headgate.v1."+service, method, wire{request}, wire{response})
}

// wire gives google's messages the methods of gogo's, which versions of the library before 1.2 encode.
type wire struct{ proto.Message }

func (w wire) Reset()                      { proto.Reset(w.Message) }
func (w wire) String() string              { return prototext.Format(w.Message) }
func (wire) ProtoMessage()                 {}
func (w wire) Marshal() ([]byte, error)    { return proto.Marshal(w.Message) }
func (w wire) Unmarshal(data []byte) error { return proto.Unmarshal(data, w.Message) }
