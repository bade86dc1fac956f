/// How long a connection may take for each part of a request.
package struct ConnectionTiming: Sendable, Hashable {
  /// From a request's first byte (of the first request: from the connection's start, TLS handshake included) to the end of its head.
  package var header: Duration
  /// A body may take this long whatever its rate …
  package var bodyGrace: Duration
  /// … and longer only while at least so many bytes per second have arrived since.
  package var bodyBytesPerSecond: Int
  /// Without a request between two requests.
  package var idle: Duration
  /// For an answer to come, beyond the forwarder's own deadline. Only a fault of ours ever reaches it.
  package var answer: Duration
  /// For the peer to take an answer that does not fit into the socket's buffer.
  package var write: Duration
  /// After a connection's last answer, for the peer to read it and close.
  package var linger: Duration
  /// While draining: for a request on an idle connection to arrive.
  package var drainIdle: Duration

  /// What the forwarder may be late.
  package static let answerGrace = Duration.seconds(4)

  package init(
    header: Duration = .seconds(10), bodyGrace: Duration = .seconds(5), bodyBytesPerSecond: Int = 1024,
    idle: Duration = .seconds(75),
    answer: Duration = .seconds(12), write: Duration = .seconds(30), linger: Duration = .seconds(2),
    drainIdle: Duration = .seconds(1)
  ) {
    self.header = header
    self.bodyGrace = bodyGrace
    self.bodyBytesPerSecond = bodyBytesPerSecond
    self.idle = idle
    self.answer = answer
    self.write = write
    self.linger = linger
    self.drainIdle = drainIdle
  }
}
