import HeadgateProto

/// Leases runs and has a command execute each of them.
struct RunWorker: Sendable {
  private enum Event: Sendable {
    case leased([Run], took: Duration)
    case leaseFailed(RPCError)
    case paused
    case ended(RunEnding)
    case stopRequested
    case signalsEnded
  }

  let runs: RunServiceClient<ControlPlaneCaller>
  let options: WorkerOptions
  /// Is told what happens, from any task.
  let report: @Sendable (WorkerEvent) -> Void
  /// Is given what commands write to their standard error.
  let forwardErrors: @Sendable ([UInt8]) -> Void
  /// Waits; ends early when the task is cancelled.
  let sleep: @Sendable (Duration) async -> Void

  /// No further runs; those at work are finished.
  private let stop = Latch()
  /// Those at work are ended and given back.
  private let abandon = Latch()

  init(
    runs: RunServiceClient<ControlPlaneCaller>, options: WorkerOptions,
    report: @escaping @Sendable (WorkerEvent) -> Void, forwardErrors: @escaping @Sendable ([UInt8]) -> Void,
    sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
  ) {
    self.runs = runs
    self.options = options
    self.report = report
    self.forwardErrors = forwardErrors
    self.sleep = sleep
  }

  /// Works until there is nothing more to do or a stop is requested; then finishes what is at work.
  ///
  /// - Parameter stopRequests: the first ends the leasing, the second also the commands at work.
  /// - Throws: `RPCError` when the control plane refuses to lease, or cannot be reached from the beginning.
  func work(stopRequests: AsyncStream<Void>) async throws -> WorkSummary {
    var summary = WorkSummary()
    var failure: RPCError?
    await withTaskGroup(of: Event.self) { group in
      group.addTask {
        for await _ in stopRequests { stop.isOpen ? abandon.open() : stop.open() }
        return .signalsEnded
      }
      group.addTask {
        await stop.wait()
        return .stopRequested
      }
      var state = Progress(pause: WorkerOptions.pauses.first)
      while true {
        let room = min(options.concurrency - state.active, (options.maximum ?? .max) - state.taken)
        if room > 0, !state.isLeasing, !state.isDrained, !stop.isOpen {
          state.isLeasing = true
          group.addTask { await lease(room) }
        }
        if stop.isOpen, failure == nil, !state.isStopReported {
          state.isStopReported = true
          report(.stopping(active: state.active))
        }
        guard state.isLeasing || state.active > 0, let event = await group.next() else { break }
        switch event {
        case .leased(let leased, let took):
          state.isLeasing = false
          if state.isInterrupted { report(.resumed) }
          state.hadAnswer(isEmpty: leased.isEmpty && options.once)
          state.taken += leased.count
          state.active += leased.count
          for run in leased { group.addTask { .ended(await execute(run)) } }
          if leased.isEmpty, !options.once, took < WorkerOptions.shortestPoll, !stop.isOpen {
            state.isLeasing = true
            group.addTask { await pause(WorkerOptions.shortestPoll) }
          }
        case .leaseFailed(let error):
          state.isLeasing = false
          guard error.isPassing, state.hasAnswered else {
            failure = error
            stop.open()
            continue
          }
          if !state.isInterrupted { report(.interrupted(error.message)) }
          let pauseLength = state.nextPause()
          state.isLeasing = true
          group.addTask { await pause(pauseLength) }
        case .paused: state.isLeasing = false
        case .ended(let ending):
          state.active -= 1
          state.isDrained = false
          summary.count(ending.result)
          report(.ended(ending))
        case .stopRequested, .signalsEnded: break
        }
      }
      group.cancelAll()
    }
    if let failure { throw failure }
    return summary
  }

  /// Asks for runs; ends early when a stop is requested.
  private func lease(_ count: Int) async -> Event {
    let begin = ContinuousClock.now
    let wait = options.once ? Duration.zero : WorkerOptions.pollWait
    let request = LeaseRunsRequest(
      workspace: options.workspace, worker: options.name, flow: options.flow, maxRuns: UInt32(clamping: count),
      leaseMs: options.leaseMilliseconds, waitMs: UInt32(clamping: wait.microseconds / 1000))
    return await withTaskGroup(of: Event?.self) { group in
      group.addTask {
        do throws(RPCError) {
          let response = try await runs.lease(request, options: CallOptions(timeout: wait + WorkerOptions.pollSlack))
          return .leased(response.runs, took: begin.duration(to: .now))
        } catch {
          return .leaseFailed(error)
        }
      }
      group.addTask {
        await stop.wait()
        return nil
      }
      var answer = await group.next() ?? nil
      group.cancelAll()
      // Runs that were given out while the call was cancelled are ours all the same.
      if answer == nil, case .leased(let leased, let took)?? = await group.next() { answer = .leased(leased, took: took) }
      return answer ?? .leased([], took: .zero)
    }
  }

  private func pause(_ duration: Duration) async -> Event {
    await waiting(until: stop) { await sleep(duration) }
    return .paused
  }

  /// Runs the command for a run, with heartbeats, and reports how it ended.
  private func execute(_ run: Run) async -> RunEnding {
    let subject = RunEnding.Subject(runID: run.id, flow: run.flow, entryNode: run.entryNode, attempt: run.attempt)
    report(.started(subject))
    let begin = ContinuousClock.now
    let result = await result(of: run)
    return RunEnding(
      runID: run.id, flow: run.flow, entryNode: run.entryNode, attempt: run.attempt, result: result,
      took: begin.duration(to: .now))
  }

  private enum CommandEnd: Sendable {
    case ended(ChildProcess.Ending)
    case notStarted(String)
    case leaseLost(String)
    case abandoned
  }

  private func result(of run: Run) async -> RunEnding.Result {
    let process = childProcess(for: run)
    let end = await withTaskGroup(of: CommandEnd?.self) { group in
      group.addTask {
        do {
          return .ended(try await process.run())
        } catch {
          return .notStarted("/bin/sh cannot be started: \(error)")
        }
      }
      group.addTask { await heartbeats(for: run).map { .leaseLost($0) } }
      group.addTask {
        await abandon.wait()
        return Task.isCancelled ? nil : .abandoned
      }
      var first: CommandEnd?
      while first == nil, let event = await group.next() { first = event }
      // Cancelling the command's task ends the command; the group waits until it has.
      group.cancelAll()
      return first
    }
    switch end {
    case .ended(let ending) where ending.isSuccess:
      return await reported { () throws(RPCError) in
        _ = try await runs.complete(
          CompleteRunRequest(workspace: options.workspace, id: run.id, leaseEpoch: run.leaseEpoch), options: Self.callOptions)
        return .completed
      }
    case .ended(let ending):
      let errors = ending.lastErrors.isEmpty ? ending.description : "\(ending.description): \(ending.lastErrors)"
      return await fail(run, errors)
    case .notStarted(let reason): return await fail(run, reason)
    case .leaseLost(let reason): return .leaseLost(reason)
    case .abandoned, nil:
      let result = await fail(run, "the worker \(options.name) was stopped before the run was finished")
      if case .failed = result { return .givenBack }
      return result
    }
  }

  private func childProcess(for run: Run) -> ChildProcess {
    let variables: [String: String?] = [
      "HEADGATE_RUN_ID": run.id, "HEADGATE_REQUEST_ID": run.requestId, "HEADGATE_FLOW": run.flow,
      "HEADGATE_FLOW_VERSION": String(run.flowVersion), "HEADGATE_NODE": run.node, "HEADGATE_OUTPUT": run.output,
      "HEADGATE_ENTRY_NODE": run.entryNode, "HEADGATE_ATTEMPT": String(run.attempt),
      "HEADGATE_MAX_ATTEMPTS": String(run.maxAttempts),
      // The worker's credential is not the command's.
      "HEADGATE_API_KEY": nil,
    ]
    return ChildProcess(
      command: options.command, input: run.payload.bytes + [UInt8(ascii: "\n")], variables: variables,
      forwardErrors: forwardErrors)
  }

  /// Extends the lease until the task is cancelled (`nil`) or the lease is lost (why).
  private func heartbeats(for run: Run) async -> String? {
    let interval = options.lease / 3
    while !Task.isCancelled {
      await sleep(interval)
      guard !Task.isCancelled else { break }
      do {
        _ = try await runs.heartbeat(
          HeartbeatRunRequest(
            workspace: options.workspace, id: run.id, leaseEpoch: run.leaseEpoch, leaseMs: options.leaseMilliseconds),
          options: Self.callOptions)
      } catch  where error.meansLeaseLost {
        return error.message
      } catch {
        // While the control plane is away nobody else can lease the run either; the next heartbeat decides.
      }
    }
    return nil
  }

  private func fail(_ run: Run, _ reason: String) async -> RunEnding.Result {
    await reported { () throws(RPCError) in
      let response = try await runs.fail(
        FailRunRequest(workspace: options.workspace, id: run.id, leaseEpoch: run.leaseEpoch, error: reason),
        options: Self.callOptions)
      return .failed(reason: reason, nextAttemptUs: response.state == .dead ? 0 : response.availableAtUs)
    }
  }

  /// Makes a call that tells a run's end; repeats it while the control plane is away.
  private func reported(_ call: () async throws(RPCError) -> RunEnding.Result) async -> RunEnding.Result {
    var pause = WorkerOptions.pauses.first
    var isFirst = true
    while true {
      do {
        return try await call()
      } catch  where error.meansLeaseLost {
        return .leaseLost(error.message)
      } catch  where error.isPassing && (isFirst || !abandon.isOpen) {
        isFirst = false
        let length = pause
        await waiting(until: abandon) { await sleep(length) }
        pause = min(pause * 2, WorkerOptions.pauses.longest)
      } catch {
        return .unreported(error.message)
      }
    }
  }

  private static let callOptions = CallOptions(timeout: WorkerOptions.callLimit)

  /// Runs `body`, and cancels it when the latch opens.
  private func waiting(until latch: Latch, _ body: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await body() }
      group.addTask { await latch.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}

/// Where the loop of a worker stands.
private struct Progress {
  /// Commands at work.
  var active = 0
  /// Runs leased so far.
  var taken = 0
  /// A call for more runs, or the pause before it, is under way.
  var isLeasing = false
  /// No run was ready when last asked, and none has ended since.
  var isDrained = false
  var isStopReported = false
  /// The control plane has given at least one answer.
  private(set) var hasAnswered = false
  /// Since then it has stopped answering.
  private(set) var isInterrupted = false
  private var pause: Duration

  init(pause: Duration) { self.pause = pause }

  mutating func hadAnswer(isEmpty: Bool) {
    hasAnswered = true
    isInterrupted = false
    isDrained = isEmpty
    pause = WorkerOptions.pauses.first
  }

  mutating func nextPause() -> Duration {
    isInterrupted = true
    defer { pause = min(pause * 2, WorkerOptions.pauses.longest) }
    return pause
  }
}

extension RPCError {
  /// Whether the same call may succeed later.
  fileprivate var isPassing: Bool {
    switch code {
    case .unavailable, .deadlineExceeded, .resourceExhausted, .internal, .unknown, .cancelled: true
    default: false
    }
  }

  /// Whether the run is not this worker's any more.
  fileprivate var meansLeaseLost: Bool {
    switch code {
    case .aborted, .notFound, .failedPrecondition: true
    default: false
    }
  }
}
