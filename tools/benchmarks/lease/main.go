// Leases and completes runs as fast as it goes: so many workers, each with a connection of its own, each leasing a batch and
// then completing its runs with calls of their own, all of a batch at once.
//
//	lease-bench -address HOST:PORT -ca FILE -certificate FILE -key FILE [-workers 8] [-batch 64] -runs N
//
// Prints the runs per second as JSON. Ends when all runs are done, with status 1 if one was leased or completed twice, or when
// nothing happens for ten seconds.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	pb "headgate.example/headgatev1"
)

const patience = 10 * time.Second

func main() {
	address := flag.String("address", "127.0.0.1:7400", "the control plane")
	ca := flag.String("ca", "", "certificate authority, PEM")
	certificate := flag.String("certificate", "", "client certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	workers := flag.Int("workers", 8, "workers, each with a connection")
	batch := flag.Int("batch", 64, "runs that a worker leases at once")
	runs := flag.Int("runs", 0, "runs that there are")
	flag.Parse()

	var done, failed int64
	var seen sync.Map
	var all sync.WaitGroup
	begun := time.Now()
	var last atomic.Value
	last.Store(begun)
	for index := 0; index < *workers; index++ {
		control, err := Connect(*address, *ca, *certificate, *key, "")
		if err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		all.Add(1)
		go func(name string) {
			defer all.Done()
			request := &pb.LeaseRunsRequest{Worker: name, MaxRuns: uint32(*batch), LeaseMs: 60000, WaitMs: 200}
			for atomic.LoadInt64(&done) < int64(*runs) && time.Since(last.Load().(time.Time)) < patience {
				var leased pb.LeaseRunsResponse
				if err := control.Call(context.Background(), "RunService", "Lease", request, &leased); err != nil {
					fmt.Fprintln(os.Stderr, "lease:", err)
					atomic.AddInt64(&failed, 1)
					return
				}
				var batch sync.WaitGroup
				for _, run := range leased.Runs {
					if _, again := seen.LoadOrStore(run.Id, true); again {
						fmt.Fprintln(os.Stderr, "leased twice:", run.Id)
						atomic.AddInt64(&failed, 1)
					}
					batch.Add(1)
					go func(run *pb.Run) {
						defer batch.Done()
						request := &pb.CompleteRunRequest{Id: run.Id, LeaseEpoch: run.LeaseEpoch}
						var response pb.CompleteRunResponse
						if err := control.Call(context.Background(), "RunService", "Complete", request, &response); err != nil {
							fmt.Fprintln(os.Stderr, "complete:", err)
							atomic.AddInt64(&failed, 1)
							return
						}
						atomic.AddInt64(&done, 1)
					}(run)
				}
				batch.Wait()
				if len(leased.Runs) > 0 {
					last.Store(time.Now())
				}
			}
		}(fmt.Sprintf("bench-%d", index))
	}
	all.Wait()
	seconds := last.Load().(time.Time).Sub(begun).Seconds()
	result := map[string]interface{}{"runs": done, "failed": failed, "seconds": seconds, "runs_per_s": float64(done) / seconds}
	json.NewEncoder(os.Stdout).Encode(result)
	if failed > 0 || done < int64(*runs) {
		os.Exit(1)
	}
}
