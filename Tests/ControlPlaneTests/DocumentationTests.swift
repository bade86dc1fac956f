import FoundationEssentials
import Observability
import Settings
import Testing

@testable import ControlPlane

@Suite("Documentation")
struct DocumentationTests {
  private static let folder =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    + "/Sources/ControlPlane/ControlPlane.docc/"

  /// With HEADGATE_WRITE_PAGES in the environment it writes the page.
  @Test("the page of the settings is what the table says")
  func settings() throws {
    let page = ControlSettings.sources.page(
      introduction:
        "What `headgate-control serve` can be told; `migrate` and `backup-check` take the same and use those they need.")
    let file = URL(filePath: Self.folder + "Settings.md")
    if ProcessInfo.processInfo.environment["HEADGATE_WRITE_PAGES"] != nil { try Data(page.utf8).write(to: file) }
    #expect(try String(contentsOf: file, encoding: .utf8) == page)
  }

  /// An alarm on a metric that is not there never rings.
  @Test("the page on operations names metrics that exist")
  func alarms() throws {
    let page = try String(contentsOf: URL(filePath: Self.folder + "Operations.md"), encoding: .utf8)
    let source = try String(
      contentsOf: URL(filePath: Self.folder + "../Admin/ControlMetrics.swift"), encoding: .utf8)
    let words = page.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    let named = Set(words.filter { $0.hasPrefix("headgate_") && !$0.hasPrefix("headgate_edge") })
    #expect(named.count > 8)
    for name in named {
      let family = name.hasSuffix("_bucket") ? String(name.dropLast(7)) : name
      #expect(source.contains("\"\(family)\""), "\(name)")
    }
  }
}
