// A client that knows nothing of Headgate's own code: containerd's ttrpc library for Go against a running control plane.
//
//	interop -address HOST:PORT -ca FILE -cert FILE -key FILE   over TLS with a client certificate
//
// Reads the status, lists flows, sends a query that is refused, leases a run and completes it, and checks each answer.
// Prints one line per check; exit code 0 when every one held.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"github.com/gogo/protobuf/proto"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The fields of proto/headgate/v1 that are looked at; the library ignores the others.

type empty struct{}

type statusReport struct {
	Agent string `protobuf:"bytes,1,opt,name=agent,proto3"`
	Ready bool   `protobuf:"varint,4,opt,name=ready,proto3"`
}

type listFlowsRequest struct {
	PageSize uint32 `protobuf:"varint,2,opt,name=page_size,proto3"`
	Cursor   string `protobuf:"bytes,3,opt,name=cursor,proto3"`
}

type flow struct {
	Name             string `protobuf:"bytes,2,opt,name=name,proto3"`
	PublishedVersion uint32 `protobuf:"varint,4,opt,name=published_version,proto3"`
}

type listFlowsResponse struct {
	Flows []*flow `protobuf:"bytes,1,rep,name=flows,proto3"`
}

type queryLogsRequest struct {
	Trigger string `protobuf:"bytes,2,opt,name=trigger,proto3"`
	Address string `protobuf:"bytes,8,opt,name=address,proto3"`
}

type logEntry struct {
	Id      string `protobuf:"bytes,1,opt,name=id,proto3"`
	Trigger string `protobuf:"bytes,3,opt,name=trigger,proto3"`
	Status  uint32 `protobuf:"varint,12,opt,name=status,proto3"`
}

type queryLogsResponse struct {
	Entries []*logEntry `protobuf:"bytes,1,rep,name=entries,proto3"`
}

type leaseRunsRequest struct {
	Worker  string `protobuf:"bytes,2,opt,name=worker,proto3"`
	MaxRuns uint32 `protobuf:"varint,4,opt,name=max_runs,proto3"`
	WaitMs  uint32 `protobuf:"varint,6,opt,name=wait_ms,proto3"`
}

type run struct {
	Id         string `protobuf:"bytes,1,opt,name=id,proto3"`
	RequestId  string `protobuf:"bytes,2,opt,name=request_id,proto3"`
	EntryNode  string `protobuf:"bytes,9,opt,name=entry_node,proto3"`
	Variables  []byte `protobuf:"bytes,10,opt,name=variables,proto3"`
	LeaseEpoch uint64 `protobuf:"varint,14,opt,name=lease_epoch,proto3"`
}

type leaseRunsResponse struct {
	Runs []*run `protobuf:"bytes,1,rep,name=runs,proto3"`
}

type completeRunRequest struct {
	Id         string `protobuf:"bytes,2,opt,name=id,proto3"`
	LeaseEpoch uint64 `protobuf:"varint,3,opt,name=lease_epoch,proto3"`
}

func (m *empty) Reset()                      { *m = empty{} }
func (m *empty) String() string              { return proto.CompactTextString(m) }
func (*empty) ProtoMessage()                 {}
func (m *statusReport) Reset()               { *m = statusReport{} }
func (m *statusReport) String() string       { return proto.CompactTextString(m) }
func (*statusReport) ProtoMessage()          {}
func (m *listFlowsRequest) Reset()           { *m = listFlowsRequest{} }
func (m *listFlowsRequest) String() string   { return proto.CompactTextString(m) }
func (*listFlowsRequest) ProtoMessage()      {}
func (m *flow) Reset()                       { *m = flow{} }
func (m *flow) String() string               { return proto.CompactTextString(m) }
func (*flow) ProtoMessage()                  {}
func (m *listFlowsResponse) Reset()          { *m = listFlowsResponse{} }
func (m *listFlowsResponse) String() string  { return proto.CompactTextString(m) }
func (*listFlowsResponse) ProtoMessage()     {}
func (m *queryLogsRequest) Reset()           { *m = queryLogsRequest{} }
func (m *queryLogsRequest) String() string   { return proto.CompactTextString(m) }
func (*queryLogsRequest) ProtoMessage()      {}
func (m *logEntry) Reset()                   { *m = logEntry{} }
func (m *logEntry) String() string           { return proto.CompactTextString(m) }
func (*logEntry) ProtoMessage()              {}
func (m *queryLogsResponse) Reset()          { *m = queryLogsResponse{} }
func (m *queryLogsResponse) String() string  { return proto.CompactTextString(m) }
func (*queryLogsResponse) ProtoMessage()     {}
func (m *leaseRunsRequest) Reset()           { *m = leaseRunsRequest{} }
func (m *leaseRunsRequest) String() string   { return proto.CompactTextString(m) }
func (*leaseRunsRequest) ProtoMessage()      {}
func (m *run) Reset()                        { *m = run{} }
func (m *run) String() string                { return proto.CompactTextString(m) }
func (*run) ProtoMessage()                   {}
func (m *leaseRunsResponse) Reset()          { *m = leaseRunsResponse{} }
func (m *leaseRunsResponse) String() string  { return proto.CompactTextString(m) }
func (*leaseRunsResponse) ProtoMessage()     {}
func (m *completeRunRequest) Reset()         { *m = completeRunRequest{} }
func (m *completeRunRequest) String() string { return proto.CompactTextString(m) }
func (*completeRunRequest) ProtoMessage()    {}

var failed int

func check(name string, err error) {
	if err != nil {
		failed++
		fmt.Printf("FAIL %s: %v\n", name, err)
		return
	}
	fmt.Printf("ok   %s\n", name)
}

// want turns an unexpected status code into an error.
func want(code codes.Code, err error) error {
	if status.Code(err) != code {
		return fmt.Errorf("wanted %v, got %v", code, err)
	}
	return nil
}

func connect(address, ca, cert, key string) (*ttrpc.Client, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + ca)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return nil, err
	}
	return ttrpc.NewClient(conn), nil
}

func main() {
	address := flag.String("address", "127.0.0.1:7400", "the control plane")
	ca := flag.String("ca", "", "certificate authority, PEM")
	cert := flag.String("cert", "", "client certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	flag.Parse()
	client, err := connect(*address, *ca, *cert, *key)
	if err != nil {
		fmt.Println("FAIL connect:", err)
		os.Exit(1)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	call := func(service, method string, request, response interface{}) error {
		return client.Call(ctx, "headgate.v1."+service, method, request, response)
	}

	var report statusReport
	err = call("StatusService", "Get", &empty{}, &report)
	if err == nil && (!report.Ready || !strings.HasPrefix(report.Agent, "headgate-control/")) {
		err = fmt.Errorf("unexpected report %v", &report)
	}
	check("StatusService.Get", err)

	var flows listFlowsResponse
	err = call("FlowService", "List", &listFlowsRequest{PageSize: 10}, &flows)
	if err == nil && (len(flows.Flows) != 1 || flows.Flows[0].Name != "orders" || flows.Flows[0].PublishedVersion != 1) {
		err = fmt.Errorf("unexpected flows %v", &flows)
	}
	check("FlowService.List", err)

	var logs queryLogsResponse
	err = call("LogService", "Query", &queryLogsRequest{Trigger: "orders/hook"}, &logs)
	if err == nil && (len(logs.Entries) != 1 || logs.Entries[0].Status != 200) {
		err = fmt.Errorf("unexpected entries %v", &logs)
	}
	check("LogService.Query", err)

	check("a wrong field is INVALID_ARGUMENT", want(codes.InvalidArgument, call("LogService", "Query", &queryLogsRequest{Address: "300.1.2.3"}, &logs)))
	check("a wrong cursor is INVALID_ARGUMENT", want(codes.InvalidArgument, call("FlowService", "List", &listFlowsRequest{Cursor: "x"}, &flows)))
	check("a missing object is NOT_FOUND", want(codes.NotFound, call("LogService", "Query", &queryLogsRequest{Trigger: "no/such"}, &logs)))
	check("a missing method is UNIMPLEMENTED", want(codes.Unimplemented, call("LogService", "Nonsense", &empty{}, &empty{})))

	var leased leaseRunsResponse
	err = call("RunService", "Lease", &leaseRunsRequest{Worker: "interop", MaxRuns: 5, WaitMs: 2000}, &leased)
	if err == nil && (len(leased.Runs) != 1 || leased.Runs[0].EntryNode != "welcome" || !strings.Contains(string(leased.Runs[0].Variables), "ana@example.com")) {
		err = fmt.Errorf("unexpected runs %v", &leased)
	}
	check("RunService.Lease", err)
	if err == nil {
		run := leased.Runs[0]
		stale := &completeRunRequest{Id: run.Id, LeaseEpoch: run.LeaseEpoch + 1}
		check("a stale epoch is ABORTED", want(codes.Aborted, call("RunService", "Complete", stale, &empty{})))
		finish := &completeRunRequest{Id: run.Id, LeaseEpoch: run.LeaseEpoch}
		check("RunService.Complete", call("RunService", "Complete", finish, &empty{}))
		check("RunService.Complete again", call("RunService", "Complete", finish, &empty{}))
	}

	// Many calls at once on the one connection.
	var group sync.WaitGroup
	errs := make(chan error, 64)
	for i := 0; i < 64; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 50; j++ {
				var report statusReport
				if err := call("StatusService", "Get", &empty{}, &report); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	group.Wait()
	close(errs)
	check("3200 calls of 64 callers on one connection", <-errs)
	if failed > 0 {
		os.Exit(1)
	}
}
