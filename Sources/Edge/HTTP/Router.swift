import Identifiers

/// What a request target leads to.
enum Route: Equatable {
  /// A trigger: the key, and where the rest of the path and the query stand.
  case trigger(key: ArraySlice<UInt8>, path: ArraySlice<UInt8>, query: ArraySlice<UInt8>)
  /// The process lives.
  case health
  /// The process can forward.
  case readiness
  case metrics
  /// Anything else; answered as a trigger that does not exist is.
  case nothing

  /// Reads a target in origin form: `/w/<key>[/rest][?query]`. The key is plain; a percent sign in it makes it no key.
  init(target: [UInt8]) {
    let pathEnd = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
    let path = target[..<pathEnd]
    let query = target[pathEnd...].dropFirst()
    if path.starts(with: Self.prefix) {
      let afterPrefix = path.dropFirst(Self.prefix.count)
      let keyEnd = afterPrefix.firstIndex(of: UInt8(ascii: "/")) ?? afterPrefix.endIndex
      let key = afterPrefix[..<keyEnd]
      self = TriggerKey.isWellFormed(Array(key)) ? .trigger(key: key, path: afterPrefix[keyEnd...], query: query) : .nothing
      return
    }
    switch path {
    case Self.healthPath[...]: self = .health
    case Self.readinessPath[...]: self = .readiness
    case Self.metricsPath[...]: self = .metrics
    default: self = .nothing
    }
  }

  private static let prefix = Array("/w/".utf8)
  private static let healthPath = Array("/healthz".utf8)
  private static let readinessPath = Array("/readyz".utf8)
  private static let metricsPath = Array("/metrics".utf8)
}
