/// A request's body, read when it is first asked for and then kept: verification mostly needs the bytes only.
package struct LazyBody: Sendable {
  private let request: IncomingRequest
  private let limits: RequestBody.Limits
  private var stage = RequestBody.Stage.unverified
  private var read: Result<RequestBody, RequestBody.Fault>?

  /// Makes the body of a request of which nothing is known yet, unread.
  package init(_ request: IncomingRequest, limits: RequestBody.Limits = RequestBody.Limits()) {
    self.request = request
    self.limits = limits
  }

  /// The body as far as its stage allows to read it, or why it cannot be read.
  package mutating func parsed() throws(RequestBody.Fault) -> RequestBody {
    if let read { return try read.get() }
    do throws(RequestBody.Fault) {
      let body = try RequestBody(request, limits: limits, stage: stage)
      read = .success(body)
      return body
    } catch {
      read = .failure(error)
      throw error
    }
  }

  /// More is known of the request. What was read for the verification is not read again, but for forms, which have a charset,
  /// and for what is empty, which may have to be JSON.
  package mutating func advance(to stage: RequestBody.Stage) {
    self.stage = stage
    switch read {
    case .success(.unread), .success(.empty), .success(.form): read = nil
    default: break
    }
  }
}
