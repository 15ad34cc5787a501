"""Names of people, companies and places that agree with each other, drawn once and then picked from."""

from functools import lru_cache
from typing import NamedTuple


class Spot(NamedTuple):
    """A place: what is said of it agrees."""

    city: str
    region: str
    postcode: str
    country: str
    country_code: str
    latitude: float
    longitude: float
    timezone: str
    currency: str


SPOTS = (
    Spot("Lyon", "Auvergne-Rhône-Alpes", "69002", "France", "FR", 45.76, 4.84, "Europe/Paris", "EUR"),
    Spot("Leeds", "West Yorkshire", "LS1 4DY", "United Kingdom", "GB", 53.80, -1.55, "Europe/London", "GBP"),
    Spot("Denver", "Colorado", "80203", "United States", "US", 39.74, -104.98, "America/Denver", "USD"),
    Spot("Osaka", "Osaka", "530-0001", "Japan", "JP", 34.69, 135.50, "Asia/Tokyo", "JPY"),
    Spot("Toronto", "Ontario", "M5V 2T6", "Canada", "CA", 43.65, -79.38, "America/Toronto", "CAD"),
    Spot("Hamburg", "Hamburg", "20095", "Germany", "DE", 53.55, 9.99, "Europe/Berlin", "EUR"),
    Spot("Austin", "Texas", "78701", "United States", "US", 30.27, -97.74, "America/Chicago", "USD"),
    Spot("Porto", "Norte", "4000-069", "Portugal", "PT", 41.15, -8.61, "Europe/Lisbon", "EUR"),
    Spot("Auckland", "Auckland", "1010", "New Zealand", "NZ", -36.85, 174.76, "Pacific/Auckland", "NZD"),
    Spot("Pune", "Maharashtra", "411001", "India", "IN", 18.52, 73.86, "Asia/Kolkata", "INR"),
)
STREETS = ("Station Road", "Mill Lane", "Park Avenue", "Church Street", "King Street", "Orchard Way", "Quay Street")
TITLE_WORDS = (
    "Harbour", "Summit", "Maple", "Cobalt", "Lantern", "Meadow", "Orchard", "Beacon", "Granite", "Juniper", "Falcon",
    "Willow", "Ember", "Cedar", "Atlas", "Ridge", "Prairie", "Quartz", "Tidal", "Copper", "Northern", "Silver", "Amber",
)  # fmt: skip
TITLE_NOUNS = (
    "Review", "Launch", "Report", "Workshop", "Campaign", "Upgrade", "Survey", "Archive", "Bundle", "Guide", "Plan",
    "Batch", "Pilot", "Update", "Catalogue", "Programme", "Collection", "Project",
)  # fmt: skip
_SEED = 4021
_POOL = 240


class Pool(NamedTuple):
    """What is picked from."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    companies: tuple[str, ...]


@lru_cache(maxsize=1)
def pool() -> Pool:
    """Names of people and companies, the same in every process."""
    from faker import Faker  # takes a tenth of a second to load

    fake = Faker("en_GB")
    fake.seed_instance(_SEED)
    first = tuple(dict.fromkeys(fake.first_name() for _ in range(_POOL)))
    last = tuple(dict.fromkeys(fake.last_name() for _ in range(_POOL)))
    return Pool(first, last, tuple(dict.fromkeys(fake.company() for _ in range(_POOL))))
