import HeadgateProto

/// Follows a listen session over cuts, until it ends or is to be cancelled.
struct SessionListener: Sendable {
  /// What happens.
  enum Event: Sendable {
    /// First, and whenever its state changes.
    case session(ListenSession)
    case request(ListenEvent)
    case lagged(UInt64)
    /// The stream was cut, and is tried again.
    case interrupted(String)
    /// For a view that shows the time that is left.
    case tick
  }

  private enum Step: Sendable {
    case message(ListenEvent)
    case opened(ResponseStream<ListenEvent>)
    case cut(RPCError?)
    case paused
    case stopRequested
    case tick
  }

  /// Pauses before a stream is tried again double from the first to the second.
  private static let pauses = (first: Duration.milliseconds(100), longest: Duration.seconds(2))
  /// How long a stream may last: as long as any session.
  private static let streamOptions = CallOptions(timeout: .seconds(86_400))
  /// How long a session is tried to be gone on with beyond its own end.
  private static let patienceUs: Int64 = 10_000_000

  let listen: ListenServiceClient<ControlPlaneCaller>
  let workspace: String
  /// Between two ticks; `nil`: none.
  let tick: Duration?
  let now: @Sendable () -> Timestamp
  /// Waits; ends early when the task is cancelled.
  var sleep: @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }

  /// Listens until the session ends; gives its last state. A stop request cancels the session.
  ///
  /// - Parameter begin: opens a session, or names one to go on with.
  /// - Throws: `RPCError` when the session does not come about or is not there any more; what `report` throws.
  func run(
    _ begin: ListenRequest, stopRequests: AsyncStream<Void>, report: (Event) throws -> Void
  ) async throws -> ListenSession? {
    var progress = ListenProgress()
    return try await withThrowingTaskGroup(of: Step.self) { group in
      defer { group.cancelAll() }
      group.addTask {
        for await _ in stopRequests { return .stopRequested }
        // Nobody will ask; the others decide.
        await Latch().wait()
        return .paused
      }
      if tick != nil { group.addTask { await ticking() } }
      group.addTask { await open(begin) }
      var pause = Self.pauses.first
      var stream: ResponseStream<ListenEvent>?
      while let step = try await group.next() {
        switch step {
        case .tick:
          try report(.tick)
          group.addTask { await ticking() }
        case .opened(let opened):
          stream = opened
          group.addTask { await Self.next(of: opened) }
        case .message(let event):
          pause = Self.pauses.first
          try Self.take(event, &progress, report)
          if progress.isOver { return progress.session }
          if let stream { group.addTask { await Self.next(of: stream) } }
        case .cut(let error):
          stream = nil
          guard let resumption = progress.resumption(workspace: workspace) else {
            throw error ?? RPCError(.unavailable, "the stream ended before the session began")
          }
          if let error, !error.allowsResuming { throw error }
          guard let session = progress.session, now().microseconds < session.expiresAtUs + Self.patienceUs else {
            throw error ?? RPCError(.unavailable, "the stream ended before the session")
          }
          if pause == Self.pauses.first { try report(.interrupted(error?.message ?? "the stream ended")) }
          let length = pause
          pause = min(pause * 2, Self.pauses.longest)
          group.addTask {
            await sleep(length)
            return await open(resumption)
          }
        case .stopRequested:
          stream?.cancel()
          return try await cancel(progress)
        case .paused: continue
        }
      }
      return progress.session
    }
  }

  private static func take(_ event: ListenEvent, _ progress: inout ListenProgress, _ report: (Event) throws -> Void) throws {
    if let session = event.session {
      progress.note(session)
      try report(.session(session))
    }
    if event.lagged > 0 { try report(.lagged(event.lagged)) }
    if let entry = event.request, progress.note(entry) { try report(.request(event)) }
  }

  private func open(_ request: ListenRequest) async -> Step {
    do throws(RPCError) {
      return .opened(try await listen.listen(request, options: Self.streamOptions))
    } catch {
      return .cut(error)
    }
  }

  private static func next(of stream: ResponseStream<ListenEvent>) async -> Step {
    do throws(RPCError) {
      return try await stream.next().map { .message($0) } ?? .cut(nil)
    } catch {
      return .cut(error)
    }
  }

  private func ticking() async -> Step {
    await sleep(tick ?? .seconds(1))
    return .tick
  }

  private func cancel(_ progress: ListenProgress) async throws(RPCError) -> ListenSession? {
    guard let session = progress.session else { return nil }
    return try await listen.cancel(CancelListenSessionRequest(workspace: workspace, id: session.id))
  }
}

extension RPCError {
  /// Whether a session may be gone on with after this.
  fileprivate var allowsResuming: Bool {
    switch code {
    case .unavailable, .deadlineExceeded, .resourceExhausted, .internal, .unknown, .cancelled, .aborted: true
    case .ok, .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition, .outOfRange, .unimplemented,
      .dataLoss, .unauthenticated:
      false
    }
  }
}
