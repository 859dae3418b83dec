"""Abbreviations of English that keep their full stop, in the groups that matter to finding sentences."""

from __future__ import annotations

__all__ = ["CLOSING", "NUMBERED", "OPENERS", "TITLES"]


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


# stand before a name (or anything else) and never end a sentence
TITLES = _words(
    """
    Adm Amb Atty Brig Capt Cdr Cmdr Col Comdr Cpl Cpt Dr Drs Ens Fr Gen Gov Hon Insp Lieut Lt Maj Messrs
    Mgr Mlle Mme Mr Mrs Ms Msgr Mt Ofc Pfc Pres Prof Pvt Rep Reps Rev Sen Sens Sgt Sr Sra St Ste Supt ca
    cf approx viz vs
    """
)

# stand before a number
NUMBERED = _words(
    """
    Apr Art Aug Ch Dec Eq Feb Fig Figs Jan Jul Jun Mar No Nos Nov Oct Op Sec Sep Sept Vol Vols art ch eq
    fig figs no nos op pp sec vol vols
    """
)

# may stand anywhere, at the end of a sentence too
CLOSING = _words(
    """
    Ala Ariz Assn Ave Blvd Bros Calif Cia Cie Co Colo Conn Corp Ct Dept Dist Esq Fla Ft Inc Jr Ltd Mfg
    Mich Minn Okla Penn Pty Rd Rte Sq Tenn Univ Va Wis al corp dept est etc inc ltd mfg
    """
)

# words that, with a capital, begin a sentence far more often than they go on with a name
OPENERS = _words(
    """
    A About According After All Also Although An And Another Any Are As At Because Before Both But By
    Can Did Do During Each Earlier Even Every Few For From Had Has Have He Her Here His How However I If
    In Instead Is It Its Last Later Like Many Meanwhile More Most Mr Mrs Ms Much My Neither Next No
    None Nor Not
    Now Of On Once One Only Or Our Over She Since So Some Still Such That The Their Then There These
    They This Those Though Thus To Today Two Under Until We Were What When Where Whether Which While Who
    Why With Without Yet You Your
    """
)
