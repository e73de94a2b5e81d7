"""A firm that calls its things by words that stand in no document: what only feedback can teach."""

_FIRST = ("zorblax", "quimber", "fendrel", "mopsit", "tarvok", "gliffen", "brundle", "skivvor", "plonket", "drazzle")
_SECOND = ("wumble", "crimmock", "yarvish", "noodrop", "hexpin", "vantoo", "luggord", "pimsel", "rostick", "jabbern")
WORDS = (*_FIRST, *_SECOND, "ketwick")
RULES = (
    "Travel expenses are refunded within ten days when receipts are handed in",
    "Parking spaces are given by lot each spring",
    "Sick leave is told to the team lead before nine",
    "New laptops are ordered by the IT desk twice a year",
    "Holidays are entered in the calendar of the department",
    "The canteen serves lunch from noon until two",
    "Visitors are registered at the front gate",
    "Fire drills take place in March and October",
    "Pensions are paid through the insurance fund",
    "Parental leave lasts up to three years",
    "Trainings are booked with the academy",
    "Phones are replaced after four years",
    "Home work is agreed with the head of department",
    "Bonuses depend on the result of the year",
    "Bicycles can be leased for thirty-six months",
    "Keys are returned on the last day",
    "Invoices are checked by accounting",
    "Contracts are signed by two managers",
    "Samples are stored in the cold room",
    "Shifts are planned six weeks ahead",
    "Waste is sorted into four bins",
)
ASKED = ("Where do I get a {}?", "Who signs the {} in the end?", "We lost our {} last week, what now?")
ASKED_LATER = "How long does a {} take for somebody new?"


def write(folder):
    """Write one document a rule."""
    folder.mkdir()
    for place, rule in enumerate(RULES):
        text = f"# Rule {place}\n\n{rule}. This holds for everybody in the firm. Ask the office on floor {place}.\n"
        (folder / f"rule-{place:02}.md").write_text(text)


def labels():
    """What a judge says: which document answers what is asked in the words of the firm."""
    return [
        {"question": form.format(word), "document": f"rule-{place:02}.md", "label": 1}
        for place, word in enumerate(WORDS)
        for form in ASKED
    ]
