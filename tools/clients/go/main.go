// Queries and follows the log, and works runs, with containerd's ttrpc library for Go and google's protobuf.
//
//	headgate-go [connection] query [-trigger FLOW/NODE] [-limit N]
//	headgate-go [connection] tail [-trigger FLOW/NODE] [-count N]
//	headgate-go [connection] work -exec COMMAND [-flow NAME] [-count N]
//
// connection: -address HOST:PORT -ca FILE, and -certificate FILE -key FILE or -api-key-file FILE. COMMAND gets a run's
// variables as JSON on its standard input; exit status 0 completes the run.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "headgate.example/headgatev1"
)

const (
	leaseTime = 30 * time.Second
	leaseWait = 20 * time.Second
	// An edge node holds a request for some seconds while the control plane is away: what is recorded late is looked for
	// so far back.
	tailOverlap  = 15 * time.Second
	tailInterval = 500 * time.Millisecond
	forEver      = 1 << 62 * time.Nanosecond
)

func show(entry *pb.LogEntry) {
	event := string(entry.Event)
	if event == "" {
		event = "-"
	}
	fmt.Println(entry.Id, entry.Trigger, entry.Status, event)
}

// query prints the newest requests, page by page.
func query(control *Control, trigger string, limit int) error {
	request := &pb.QueryLogsRequest{Trigger: trigger}
	for limit > 0 {
		request.PageSize = uint32(min(limit, 1000))
		var page pb.QueryLogsResponse
		if err := control.Call(context.Background(), "LogService", "Query", request, &page); err != nil {
			return err
		}
		for _, entry := range page.Entries {
			show(entry)
		}
		limit -= len(page.Entries)
		request.Cursor = page.NextCursor
		if request.Cursor == "" {
			return nil
		}
	}
	return nil
}

// tail prints requests as they are recorded. The library knows streams from version 1.2 on, where LogService.Tail is the
// better way; Debian has an older one. With unary calls alone it asks again and again for the last seconds and leaves out what it
// has shown: a control plane that goes away and comes back costs time and no request.
func tail(control *Control, trigger string, count int) error {
	// What is there already is not shown. Times are the control plane's, so the clock of this machine does not matter.
	var there pb.QueryLogsResponse
	request := &pb.QueryLogsRequest{Trigger: trigger, PageSize: 1}
	if err := control.Call(context.Background(), "LogService", "Query", request, &there); err != nil {
		return err
	}
	shown := map[string]int64{}
	newest := int64(0)
	if len(there.Entries) > 0 {
		newest = there.Entries[0].ReceivedAtUs
	}
	old, err := entriesSince(control, trigger, newest-tailOverlap.Microseconds(), shown)
	if err != nil {
		return err
	}
	for _, entry := range old {
		shown[entry.Id] = entry.ReceivedAtUs
	}
	for seen := 0; ; time.Sleep(tailInterval) {
		since := newest - tailOverlap.Microseconds()
		fresh, err := entriesSince(control, trigger, since, shown)
		if err != nil && status.Code(err) != codes.Unavailable {
			return err
		}
		for i := len(fresh) - 1; i >= 0; i-- {
			entry := fresh[i]
			show(entry)
			shown[entry.Id] = entry.ReceivedAtUs
			newest = max(newest, entry.ReceivedAtUs)
			if seen++; seen == count {
				return nil
			}
		}
		for id, receivedAt := range shown {
			if receivedAt < since {
				delete(shown, id)
			}
		}
	}
}

// entriesSince gives what was received since then and is not shown yet, newest first.
func entriesSince(control *Control, trigger string, since int64, shown map[string]int64) ([]*pb.LogEntry, error) {
	var fresh []*pb.LogEntry
	request := &pb.QueryLogsRequest{Trigger: trigger, SinceUs: max(since, 0), PageSize: 1000}
	for {
		var page pb.QueryLogsResponse
		if err := control.Call(context.Background(), "LogService", "Query", request, &page); err != nil {
			return nil, err
		}
		for _, entry := range page.Entries {
			if _, known := shown[entry.Id]; !known {
				fresh = append(fresh, entry)
			}
		}
		if request.Cursor = page.NextCursor; request.Cursor == "" {
			return fresh, nil
		}
	}
}

// work leases one run after the other and reports how its command ended.
func work(control *Control, command, flow string, count int) error {
	request := &pb.LeaseRunsRequest{
		Worker: fmt.Sprintf("go-%d", os.Getpid()), Flow: flow, MaxRuns: 1,
		LeaseMs: uint32(leaseTime.Milliseconds()), WaitMs: uint32(leaseWait.Milliseconds()),
	}
	for done := 0; count == 0 || done < count; {
		var leased pb.LeaseRunsResponse
		if err := control.Lasting(forEver, "RunService", "Lease", request, &leased); err != nil {
			return err
		}
		for _, run := range leased.Runs {
			if err := execute(control, run, command); err != nil {
				return err
			}
			done++
		}
	}
	return nil
}

func execute(control *Control, run *pb.Run, command string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var errors bytes.Buffer
	// The command ends with the context, which ends when the lease is lost.
	process := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	process.Stdin, process.Stdout, process.Stderr = bytes.NewReader(append(run.Variables, '\n')), os.Stdout, &errors
	go heartbeats(ctx, cancel, control, run)
	failure := process.Run()
	cancel()
	var err error
	if failure == nil {
		request := &pb.CompleteRunRequest{Id: run.Id, LeaseEpoch: run.LeaseEpoch}
		err = control.Lasting(leaseTime, "RunService", "Complete", request, &pb.CompleteRunResponse{})
	} else {
		text := fmt.Sprintf("%v: %s", failure, lastBytes(errors.Bytes(), 1000))
		request := &pb.FailRunRequest{Id: run.Id, LeaseEpoch: run.LeaseEpoch, Error: text}
		err = control.Lasting(leaseTime, "RunService", "Fail", request, &pb.FailRunResponse{})
	}
	result := map[bool]string{true: "completed", false: "failed"}[failure == nil]
	if isLost(err) {
		result, err = "lost", nil
	}
	if err == nil {
		fmt.Println(run.Id, result)
	}
	return err
}

// heartbeats keeps the lease while the command runs; ends the command when the lease is lost.
func heartbeats(ctx context.Context, cancel func(), control *Control, run *pb.Run) {
	ticker := time.NewTicker(leaseTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			request := &pb.HeartbeatRunRequest{Id: run.Id, LeaseEpoch: run.LeaseEpoch, LeaseMs: uint32(leaseTime.Milliseconds())}
			if isLost(control.Call(ctx, "RunService", "Heartbeat", request, &pb.HeartbeatRunResponse{})) {
				cancel()
			}
		}
	}
}

// isLost tells whether the run is not this worker's any more.
func isLost(err error) bool {
	return status.Code(err) == codes.Aborted || status.Code(err) == codes.NotFound
}

func lastBytes(text []byte, count int) string {
	if len(text) > count {
		text = text[len(text)-count:]
	}
	return strings.ToValidUTF8(string(text), "?")
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func max(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}

func main() {
	address := flag.String("address", "127.0.0.1:7400", "the control plane")
	ca := flag.String("ca", "", "certificate authority, PEM")
	certificate := flag.String("certificate", "", "client certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	apiKeyFile := flag.String("api-key-file", "", "file with an API key")
	flag.Parse()
	command := flag.Arg(0)
	options := flag.NewFlagSet(command, flag.ExitOnError)
	trigger := options.String("trigger", "", "FLOW/NODE; empty: all")
	limit := options.Int("limit", 50, "query: at most so many")
	count := options.Int("count", 0, "tail, work: end after so many; 0: never")
	execute := options.String("exec", "", "work: the command")
	flow := options.String("flow", "", "work: only runs of this flow")
	if flag.NArg() > 0 {
		options.Parse(flag.Args()[1:])
	}

	control, err := Connect(*address, *ca, *certificate, *key, *apiKeyFile)
	if err == nil {
		switch {
		case command == "query":
			err = query(control, *trigger, *limit)
		case command == "tail":
			err = tail(control, *trigger, *count)
		case command == "work" && *execute != "":
			err = work(control, *execute, *flow, *count)
		default:
			err = fmt.Errorf("usage: headgate-go [connection] query | tail | work -exec COMMAND")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
