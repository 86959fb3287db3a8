"""The declarative base and the few column types that every table is made of."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

# PostgreSQL's own names for constraints, so that the migration and this description compare equal.
NAMES = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
}

Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
Small = Annotated[int, mapped_column(SmallInteger)]
Json = dict[str, Any]


class Base(DeclarativeBase):
    """Every mapped table; text without a length, instants with a zone."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        str: Text,
        datetime: DateTime(timezone=True),
        bytes: LargeBinary,
        Json: JSONB,
        list[str]: ARRAY(Text),
        list[Json]: JSONB,
    }


Big = Annotated[int, mapped_column(BigInteger)]
