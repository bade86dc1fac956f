#include "CPhone.h"

#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <set>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

int check(const PhoneNumberUtil &util, const PhoneNumber &number) {
  switch (util.IsPossibleNumberWithReason(number)) {
    case PhoneNumberUtil::IS_POSSIBLE: return 0;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE: return HG_PHONE_NO_COUNTRY;
    // Without its area code it is nobody's in particular.
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
    case PhoneNumberUtil::TOO_SHORT: return HG_PHONE_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG: return HG_PHONE_TOO_LONG;
    case PhoneNumberUtil::INVALID_LENGTH: return HG_PHONE_WRONG_LENGTH;
  }
  return HG_PHONE_INTERNAL;
}

}  // namespace

int hg_phone_e164(const char *text, size_t length, const char *region, char *out) {
  try {
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    switch (util.ParseAndKeepRawInput(std::string(text, length), region[0] == '\0' ? "ZZ" : region, &number)) {
      case PhoneNumberUtil::NO_PARSING_ERROR: break;
      case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR: return HG_PHONE_NO_COUNTRY;
      case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
      case PhoneNumberUtil::TOO_SHORT_NSN: return HG_PHONE_TOO_SHORT;
      case PhoneNumberUtil::TOO_LONG_NSN: return HG_PHONE_TOO_LONG;
      default: return HG_PHONE_NOT_A_NUMBER;
    }
    const int fault = check(util, number);
    if (fault != 0) return fault;
    // Whoever leaves the country out may have left out the area as well, and then it would be somebody else's number.
    if (number.country_code_source() == PhoneNumber::FROM_DEFAULT_COUNTRY && !util.IsValidNumber(number)) return HG_PHONE_NOT_OF_REGION;
    std::string formatted;
    util.Format(number, PhoneNumberUtil::E164, &formatted);
    if (formatted.empty() || formatted.size() > HG_PHONE_ROOM) return HG_PHONE_INTERNAL;
    std::memcpy(out, formatted.data(), formatted.size());
    return static_cast<int>(formatted.size());
  } catch (...) {
    return HG_PHONE_INTERNAL;
  }
}

bool hg_phone_knows_region(const char *region) {
  try {
    static const std::set<std::string> regions = [] {
      std::set<std::string> all;
      PhoneNumberUtil::GetInstance()->GetSupportedRegions(&all);
      return all;
    }();
    return regions.count(region) == 1;
  } catch (...) {
    return false;
  }
}
