package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

const (
	callTimeout   = 30 * time.Second
	dialTimeout   = 5 * time.Second
	retryInterval = 500 * time.Millisecond
)

// Control makes calls over one connection, and makes that anew when it has ended; its calls may be made by several goroutines
// at once.
type Control struct {
	address  string
	config   *tls.Config
	metadata ttrpc.MD
	lock     sync.Mutex
	client   *ttrpc.Client
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
	control := &Control{address: address, config: config, metadata: metadata}
	_, err = control.connected()
	return control, err
}

// connected gives the connection there is, or a new one.
func (c *Control) connected() (*ttrpc.Client, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.client == nil {
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: dialTimeout}, "tcp", c.address, c.config)
		if err != nil {
			return nil, err
		}
		c.client = ttrpc.NewClient(conn)
	}
	return c.client, nil
}

// drop gives a connection up that an answer did not come over.
func (c *Control) drop(client *ttrpc.Client) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.client == client {
		client.Close()
		c.client = nil
	}
}

// Call makes a unary call; the error carries a gRPC status. Unavailable: there is no control plane now, or the connection ended
// before the answer: the call may have had its effect.
func (c *Control) Call(ctx context.Context, service, method string, request, response proto.Message) error {
	ctx, cancel := context.WithTimeout(ttrpc.WithMetadata(ctx, c.metadata), callTimeout)
	defer cancel()
	client, err := c.connected()
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	err = client.Call(ctx, "headgate.v1."+service, method, wire{request}, wire{response})
	if _, fromServer := status.FromError(err); err != nil && !fromServer {
		c.drop(client)
		err = status.Error(codes.Unavailable, err.Error())
	}
	return err
}

// Lasting makes a call that may be repeated, until there is a control plane to answer it or the patience is over.
func (c *Control) Lasting(patience time.Duration, service, method string, request, response proto.Message) error {
	end := time.Now().Add(patience)
	for {
		err := c.Call(context.Background(), service, method, request, response)
		if status.Code(err) != codes.Unavailable || time.Now().After(end) {
			return err
		}
		time.Sleep(retryInterval)
	}
}

// wire gives google's messages the methods of gogo's, which versions of the library before 1.2 encode.
type wire struct{ proto.Message }

func (w wire) Reset()                      { proto.Reset(w.Message) }
func (w wire) String() string              { return prototext.Format(w.Message) }
func (wire) ProtoMessage()                 {}
func (w wire) Marshal() ([]byte, error)    { return proto.Marshal(w.Message) }
func (w wire) Unmarshal(data []byte) error { return proto.Unmarshal(data, w.Message) }
