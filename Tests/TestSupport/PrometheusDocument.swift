/// What a scrape of `/metrics` says, read strictly by the text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
package struct PrometheusDocument: Sendable {
  /// Everything under one name.
  package struct Family: Sendable {
    package var name: String
    package var kind = ""
    package var help = ""
    package var samples: [Sample] = []
  }

  package struct Sample: Sendable {
    package var name: String
    package var labels: [String: String]
    package var value: Double
  }

  /// What is not as the format wants it.
  package struct Fault: Error, CustomStringConvertible {
    package var description: String
  }

  /// In the order of the text.
  package private(set) var families: [Family] = []

  /// - Throws: `Fault` at the first line that a strict reader refuses.
  package init(_ text: String) throws(Fault) {
    guard text.hasSuffix("\n") else { throw Fault(description: "the last line does not end") }
    var names: Set<String> = []
    var seen: Set<String> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("# ") {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, words[1] == "HELP" || words[1] == "TYPE" else { throw Fault(description: "comment: \(line)") }
        if families.last?.name != words[2] {
          guard names.insert(words[2]).inserted else { throw Fault(description: "\(words[2]) is in two places") }
          families.append(Family(name: words[2]))
        }
        try describe(words[1], words[3], line)
      } else {
        let sample = try Self.sample(line)
        guard let family = families.last, !family.kind.isEmpty else { throw Fault(description: "no TYPE before: \(line)") }
        let suffixes = family.kind == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { family.name + $0 == sample.name }) else {
          throw Fault(description: "not of \(family.name): \(line)")
        }
        let identity = sample.name + sample.labels.sorted { $0.key < $1.key }.map { "\0\($0.key)\0\($0.value)" }.joined()
        guard seen.insert(identity).inserted else { throw Fault(description: "twice: \(line)") }
        families[families.count - 1].samples.append(sample)
      }
    }
    for family in families {
      guard ["counter", "gauge", "histogram"].contains(family.kind) else {
        throw Fault(description: "\(family.name) is a \(family.kind)")
      }
      if family.kind == "counter", let sample = family.samples.first(where: { !($0.value >= 0) }) {
        throw Fault(description: "\(family.name) is \(sample.value)")
      }
      if family.kind == "histogram" { try Self.check(histogram: family) }
    }
  }

  /// The family of a name.
  package subscript(_ name: String) -> Family? { families.first { $0.name == name } }

  /// The value of the series with exactly these labels.
  package func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    families.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
  }

  private mutating func describe(_ keyword: String, _ text: String, _ line: Substring) throws(Fault) {
    let index = families.count - 1
    guard families[index].samples.isEmpty else { throw Fault(description: "after its samples: \(line)") }
    if keyword == "HELP" {
      guard families[index].help.isEmpty, families[index].kind.isEmpty else { throw Fault(description: "HELP again: \(line)") }
      families[index].help = text
    } else {
      guard families[index].kind.isEmpty else { throw Fault(description: "TYPE again: \(line)") }
      families[index].kind = text
    }
  }

  private static func sample(_ line: Substring) throws(Fault) -> Sample {
    var rest = line
    let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") })
    rest = rest.dropFirst(name.count)
    guard let first = name.first, !first.isNumber else { throw Fault(description: "name: \(line)") }
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest.removeFirst()
      while rest.first != "}" {
        let label = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        rest = rest.dropFirst(label.count)
        guard let first = label.first, !first.isNumber, rest.hasPrefix("=\"") else { throw Fault(description: "label: \(line)") }
        rest = rest.dropFirst(2)
        guard labels.updateValue(try value(of: &rest, line), forKey: label) == nil else {
          throw Fault(description: "label twice: \(line)")
        }
        if rest.first == "," { rest.removeFirst() } else if rest.first != "}" { throw Fault(description: "labels: \(line)") }
      }
      rest.removeFirst()
    }
    guard rest.first == " ", let value = number(rest.dropFirst()) else { throw Fault(description: "value: \(line)") }
    return Sample(name: name, labels: labels, value: value)
  }

  private static func value(of rest: inout Substring, _ line: Substring) throws(Fault) -> String {
    var value = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return value
      case "\\":
        guard let escaped = rest.popFirst(), let plain: Character = ["\\": "\\", "n": "\n", "\"": "\""][escaped] else {
          throw Fault(description: "escape: \(line)")
        }
        value.append(plain)
      default: value.append(character)
      }
    }
    throw Fault(description: "label without end: \(line)")
  }

  private static func number(_ text: Substring) -> Double? {
    switch text {
    case "+Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    default: text.contains { $0 == " " || $0.isLetter && $0 != "e" } ? nil : Double(text)
    }
  }

  /// Of each series: bounds grow, counts do not fall, the last is that of +Inf and equals the count.
  private static func check(histogram family: Family) throws(Fault) {
    let buckets = family.samples.filter { $0.name == family.name + "_bucket" }
    let series = Dictionary(grouping: buckets) { sample in sample.labels.filter { $0.key != "le" } }
    let counts = family.samples.filter { $0.name == family.name + "_count" }
    guard counts.count == series.count, family.samples.count == buckets.count + 2 * counts.count else {
      throw Fault(description: "\(family.name): buckets, sum and count do not match")
    }
    for count in counts {
      var (lastBound, lastCount) = (-Double.infinity, 0.0)
      for bucket in series[count.labels] ?? [] {
        guard let text = bucket.labels["le"], let bound = number(text[...]), bound > lastBound, bucket.value >= lastCount else {
          throw Fault(description: "\(family.name): bucket \(bucket.labels) \(bucket.value) after \(lastBound) \(lastCount)")
        }
        (lastBound, lastCount) = (bound, bucket.value)
      }
      guard lastBound == .infinity, lastCount == count.value else {
        throw Fault(description: "\(family.name): the last bucket is \(lastBound) \(lastCount), the count \(count.value)")
      }
    }
  }
}

extension PrometheusDocument {
  /// What is against the conventions for names (https://prometheus.io/docs/practices/naming/).
  package var conventionFaults: [String] {
    func isSnakeCase(_ text: String) -> Bool {
      text.first?.isLetter == true && text.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }
    }
    var faults: [String] = []
    for family in families {
      if !isSnakeCase(family.name) { faults.append("\(family.name) is not in snake_case") }
      if !family.name.hasPrefix("headgate_"), !family.name.hasPrefix("process_") { faults.append("\(family.name) has no prefix") }
      if family.help.isEmpty { faults.append("\(family.name) has no HELP") }
      if (family.kind == "counter") != family.name.hasSuffix("_total") { faults.append("\(family.name) is a \(family.kind)") }
      if family.kind == "histogram", !["_seconds", "_bytes", "_requests"].contains(where: family.name.hasSuffix) {
        faults.append("\(family.name) has no unit")
      }
      for (label, value) in family.samples.flatMap(\.labels) {
        if !isSnakeCase(label) { faults.append("\(family.name): label \(label)") }
        // Methods have the names of the protocol, versions and bounds are no words, an SQLSTATE is five capitals and digits.
        let isWord = isSnakeCase(value) || value.count == 5 && value.allSatisfy { $0.isNumber || $0.isUppercase }
        if !["le", "method", "version", "status"].contains(label), !isWord {
          faults.append("\(family.name): \(label) \(value)")
        }
      }
    }
    return faults
  }
}
