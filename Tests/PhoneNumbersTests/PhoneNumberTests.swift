import PhoneNumbers
import Testing

@Suite struct PhoneNumberTests {
  private static let refused: [(String, String, PhoneNumber.Problem)] = [
    ("", "BR", .notANumber), ("abc", "BR", .notANumber), ("+", "BR", .notANumber), ("1", "BR", .notANumber),
    ("11 98888-7777", "", .noCountry), ("+999 12345678", "BR", .noCountry), ("11 98888-7777", "XX", .noCountry),
    ("98888-7777", "BR", .notOfRegion), ("+1 23", "BR", .tooShort), ("+55 11 98888 7777 7777", "BR", .tooLong),
    (String(repeating: "1", count: 65), "BR", .tooLong), ("\0", "BR", .notANumber),
  ]

  @Test(arguments: refused)
  func whatIsNoNumberIsRefused(text: String, region: String, problem: PhoneNumber.Problem) {
    #expect(throws: problem) { try PhoneNumber.e164(text, region: region) }
  }

  @Test(arguments: [
    ("+55 11 98888-7777", "", "+5511988887777"), ("(11) 98888-7777", "BR", "+5511988887777"),
    ("011 98888-7777", "BR", "+5511988887777"), ("5511988887777", "BR", "+5511988887777"),
    ("00 55 11 98888-7777", "PT", "+5511988887777"), ("912 345 678", "PT", "+351912345678"),
    ("(202) 555-0123 ext. 9", "US", "+12025550123"), ("+12025550123", "BR", "+12025550123"),
    // Arabic-Indic digits; a WhatsApp number of Brazil without its ninth digit.
    ("+٤٤ ٢٠ ٧٩٤٦ ٠٠١٨", "", "+442079460018"), ("+55 11 8888-7777", "BR", "+551188887777"),
  ])
  func numbersBecomeE164(text: String, region: String, number: String) throws {
    #expect(try PhoneNumber.e164(text, region: region) == number)
  }

  @Test(arguments: [
    ("BR", true), ("US", true), ("PT", true), ("br", false), ("XX", false), ("ZZ", false), ("", false), ("BRA", false),
    ("B\0", false),
  ])
  func regionsAreThoseOfISO3166(region: String, isKnown: Bool) {
    #expect(PhoneNumber.isRegion(region) == isKnown)
  }
}
