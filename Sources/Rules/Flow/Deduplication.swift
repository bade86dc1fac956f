internal import JSON

/// How a repeated delivery is known: by an identifier that the sender keeps when it sends again.
///
/// Without it every request is a new one; bodies are never compared. See `TriggerConfiguration.deliveryRule(of:)` for what
/// holds when a node says nothing.
package struct Deduplication: Hashable, Sendable {
  /// Where the identifier is.
  package enum Source: Hashable, Sendable {
    /// Nowhere: nothing is a repetition.
    case off
    /// Where the provider of the preset has it.
    case preset
    /// There. With `element` each element of a body that is split has its own.
    case path(ValuePath)
  }

  /// Where the identifier is.
  package var source: Source
  /// For how long a repetition is known as one.
  package var window: Duration

  /// Makes a rule.
  package init(_ source: Source, window: Duration = defaultWindow) {
    self.source = source
    self.window = window
  }

  /// Longer than any provider repeats a delivery for.
  package static let defaultWindow = Duration.seconds(7 * 86_400)
  /// What the window can be.
  package static let windows = Duration.seconds(60)...Duration.seconds(90 * 86_400)

  /// Reads `dedup: off`, `dedup: preset` or `dedup: {by: PATH, window: 7d}`.
  ///
  /// - Parameter preset: What a preset would be; `nil`: it is known only where the trigger's owner is.
  static func parse(
    _ fields: FieldReader, preset: ValuePath??, hasElement: Bool, faults: inout [ConfigurationFault]
  ) -> Deduplication? {
    guard let value = fields.value("dedup") else { return nil }
    switch value.kind {
    case .boolean where value.boolean == false: return Deduplication(.off)
    case .string:
      switch value.string {
      case "off": return Deduplication(.off)
      case "preset":
        checkPreset(preset, fields, "dedup", faults: &faults)
        return Deduplication(.preset)
      default: break
      }
    case .object:
      let known = ["by", "window"]
      guard let inner = FieldReader(value, at: fields.path("dedup"), known: known, faults: &faults) else { return nil }
      let window = DurationText.parse(inner, "window", in: windows, example: "7d", faults: &faults) ?? defaultWindow
      guard let text = inner.string("by", required: true, faults: &faults) else { return nil }
      if text == "preset" {
        checkPreset(preset, inner, "by", faults: &faults)
        return Deduplication(.preset, window: window)
      }
      guard let path = SourceReader.path(text, at: inner.path("by"), hasElement: hasElement, faults: &faults) else { return nil }
      if path.root == .headers, case .name(let name, _)? = path.steps.first, Redactions.alwaysHeaders.contains(name) {
        faults.append(inner.fault("by", .invalidValue, "This header is a credential; it tells deliveries from nothing."))
        return nil
      }
      return Deduplication(.path(path), window: window)
    case .null, .boolean, .number, .array: break
    }
    let message = "off, preset or {by: PATH, window: 7d} is expected."
    faults.append(fields.fault("dedup", value.kind == .string ? .invalidValue : .wrongType, message))
    return nil
  }

  private static func checkPreset(
    _ preset: ValuePath??, _ fields: FieldReader, _ name: String, faults: inout [ConfigurationFault]
  ) {
    guard case .some(.none) = preset else { return }
    let message = "The trigger's preset knows no delivery id, or there is no preset; name a path: {by: body.id}."
    faults.append(fields.fault(name, .unknownReference, message))
  }

  func writeCanonical(to writer: inout JSONWriter) {
    let by: String
    switch source {
    case .off: return writer.string("off")
    case .preset:
      if window == Self.defaultWindow { return writer.string("preset") }
      by = "preset"
    case .path(let path): by = path.text
    }
    writer.beginObject()
    writer.key("by")
    writer.string(by)
    if window != Self.defaultWindow {
      writer.key("window")
      writer.string(DurationText.text(window))
    }
    writer.endObject()
  }
}
