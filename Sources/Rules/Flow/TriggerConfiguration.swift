/// What a `webhook_trigger` node is configured to do.
package struct TriggerConfiguration: Hashable, Sendable {
  /// The trigger whose URL the node subscribes to; `nil`: it has a URL of its own. A subscriber verifies nothing and answers
  /// nothing: who may call, and what is answered, is the owner's. Its `authentication` has no meaning.
  package var source: TriggerReference?
  /// How the caller is known.
  package var authentication: AuthenticationRule
  /// From where it may call.
  package var allow: AllowList
  /// With which methods.
  package var methods: AllowedMethods
  /// How often it may call; `nil`: as often as it likes.
  package var rateLimits: RateLimits?
  /// Within which time the caller must be answered; `nil`: see `effectiveDeadline`.
  package var deadline: Duration?
  /// The lists that the body is split at, one run for each element; `nil`: it is not split.
  package var split: SplitRule?
  /// Which output is taken; `nil`: always "else".
  package var events: EventRouting?
  /// What the flow's variables become.
  package var map: [VariableMapping]
  /// How a repeated delivery is known; `nil`: see `deliveryRule(of:)`.
  package var deduplication: Deduplication?
  /// What runs are worked on one after the other for; `nil`: they are not ordered.
  package var orderBy: MappingSource?
  /// Which customer and chat a run is for; `nil`: none.
  package var binding: BindingRule?
  /// What the caller is answered.
  package var response: ResponseSettings

  /// What a caller must be answered within.
  package static let deadlines = Duration.milliseconds(500)...Duration.seconds(30)

  /// A configuration that lets everyone in and does nothing else.
  init() {
    authentication = .open
    allow = AllowList()
    methods = AllowedMethods()
    map = []
    response = ResponseSettings()
  }

  /// The path of the event: the configured one or the preset's.
  package var eventPath: ValuePath? { eventPath(of: authentication, in: split?.paths(of: authentication)?.first) }

  /// The path of the event at a URL with this authentication, of elements of that list where the body is split.
  func eventPath(of owner: AuthenticationRule, in list: SplitPath?) -> ValuePath? {
    events?.path ?? Self.seen(owner.eventPath, in: list)
  }

  /// Where deliveries have their identifier, and for how long it is known.
  package struct DeliveryRule: Hashable, Sendable {
    /// Where it is.
    package var path: ValuePath
    /// For how long it is known.
    package var window: Duration
  }

  /// How a repeated delivery is known at a URL with this authentication; `nil`: not at all.
  ///
  /// A node that says nothing knows repetitions by the delivery id of the URL's preset, where the preset has one that is
  /// the whole request's, or the element's of a body that is split; all other nodes know none.
  ///
  /// - Parameter list: Of whose elements, where the body is split.
  package func deliveryRule(of owner: AuthenticationRule, in list: SplitPath? = nil) -> DeliveryRule? {
    let window = deduplication?.window ?? Deduplication.defaultWindow
    switch deduplication?.source {
    case .off?: return nil
    case .path(let path)?: return DeliveryRule(path: path, window: window)
    case .preset?: return Self.seen(owner.deliveryPath, in: list).map { DeliveryRule(path: $0, window: window) }
    case nil:
      guard owner.deduplicatesByDefault, let path = Self.seen(owner.deliveryPath, in: list) else { return nil }
      // An element's identifier says nothing of the other elements that come with it.
      return path.root != .element && path.isInList ? nil : DeliveryRule(path: path, window: window)
    }
  }

  /// A path of the preset into the first elements of the lists that the body is split at means each element.
  private static func seen(_ path: ValuePath?, in list: SplitPath?) -> ValuePath? {
    path.map { list?.seenFromElement($0) ?? $0 }
  }

  /// The configured deadline or that of the preset's provider; `nil`: the edge node's own.
  package var effectiveDeadline: Duration? { deadline ?? authentication.providerDeadline }

  /// The names of the outputs, "else" last.
  package var outputs: [String] { (events?.cases ?? []).map(\.id) + [EventRouting.elseOutput] }
}

extension ValuePath {
  /// Whether it goes through a position of a list.
  var isInList: Bool {
    steps.contains { step in
      if case .index = step { true } else { false }
    }
  }
}
