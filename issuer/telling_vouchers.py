"""A voucher on a card in words."""

from dataclasses import dataclass

from issuer.cards import VoucherView
from issuer.rules.wording import Wording
from issuer.statuses import voucher_days, voucher_worth
from issuer.vouchers import shown_code


@dataclass(frozen=True)
class ShownVoucher:
    """A voucher: what it is called, what it is worth, when it counts, the code in groups."""

    key: str
    name: str
    worth: str
    days: str
    code: str

    @property
    def sentence(self) -> str:
        return ", ".join(part for part in (self.worth, self.days) if part)


def told_voucher(voucher: VoucherView, zone: str, words: Wording) -> ShownVoucher:
    return ShownVoucher(
        key=f"voucher-{voucher.id.hex[:8]}",
        name=voucher.names[words.language],
        worth=voucher_worth(voucher, words),
        days=voucher_days(voucher, zone, words),
        code=shown_code(voucher.code),
    )
