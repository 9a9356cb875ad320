"""What is done for one accepted message: the steps that the durable inbox runs in order and keeps.

===========  =====================================================================================
answer       the handler runs while a draft shows its events; ends when the text is whole. A handler
             that fails or takes too long becomes an apology, so there is always something to deliver
text         delivered, tried again with growing pauses for as long as the message is young enough
picture      waited for, or drawn anew if the process was restarted meanwhile; delivered likewise
voice        for those who want it: the answer is read aloud, and delivered likewise
===========  =====================================================================================

The last delivery after the text is no step of its own: the end of the work, stored next, tells of it.
A step that a kill cut short is run again from its beginning. Stopping parks: whoever is only waiting
raises `CancelledError`, which leaves the step unfinished, so that the next start runs it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress

from bot.delivery import Channel, Draft
from bot.inbox_codec import Answer, Event
from bot.inbox_delivery import PatientDelivery
from bot.inbox_limits import Help, InboxLimits, ReplyFor
from bot.last_resort import expected
from bot.message_handler import MessageHandler
from core.errors import BotError, ChannelError, ChannelGoneError
from core.messages import Picture, Reply, ReplyEvent, ReplyFinished, TextFinished, VoiceClip

logger = logging.getLogger(__name__)

_CLOSE_SECONDS = 30.0
"""How long a draft may take to flush; it is best effort and must not hold up the answer itself."""


class _NoDraft:
    """Shows nothing. Work that a killed process left is resumed before its channel is connected again."""

    async def show(self, event: ReplyEvent) -> None:
        """Let the event pass."""

    async def close(self) -> None:
        """Nothing is pending."""


class TurnSteps:
    """The steps of a turn.

    Args:
        handler: answers.
        channels: deliver, by name.
        reply_for: finds the words for an error.
        limits: how much at once, how long, how often.
        help_: what the steps may ask of the assistant beside its answers.
        delivery: delivers, and knows whether the process stops.
    """

    def __init__(
        self,
        handler: MessageHandler,
        channels: Mapping[str, Channel],
        reply_for: ReplyFor,
        limits: InboxLimits,
        help_: Help,
        delivery: PatientDelivery,
    ) -> None:
        self._handler = handler
        self._channels = channels
        self._reply_for = reply_for
        self._limits = limits
        self._help = help_
        self._delivery = delivery
        self._slots = asyncio.Semaphore(limits.concurrent_answers)
        self._drawing: dict[str, AsyncIterator[ReplyEvent]] = {}

    async def answer(self, event: Event, *, interrupted: bool) -> Answer:
        """Have the message answered; `interrupted` says that an earlier attempt may have been cut short."""
        async with self._slots:
            self._delivery.park_if_stopping()
            self._delivery.counts["answers_begun"] += 1
            try:
                return await expected(self._answered(event, interrupted=interrupted), f"event={event.key}")
            except BotError as exc:
                logger.warning("answer_failed event=%s code=%s", event.key, exc.code)
                self._delivery.counts["answers_failed"] += 1
                return Answer(self._reply_for(exc))

    async def deliver_text(self, event: Event, reply: Reply) -> str:
        """Deliver the text; returns "sent", "gone", "refused" or "expired"."""
        channel = self._channels[event.message.chat.channel]
        key = f"{event.key[:32]}-text"
        error = await self._delivery.attempt(
            event, lambda: channel.deliver_text(event.message, reply, key=key)
        )
        if error is None or error.retryable or isinstance(error, ChannelGoneError):
            return self._delivery.outcome(event, "text", error)
        # The platform will not take this answer. Better an apology than silence.
        self._delivery.outcome(event, "text", error)
        apology = self._reply_for(error)
        key = f"{event.key[:32]}-sorry"
        error = await self._delivery.attempt(
            event, lambda: channel.deliver_text(event.message, apology, key=key)
        )
        return self._delivery.outcome(event, "apology", error)

    async def deliver_picture(self, event: Event, answer: Answer) -> str:
        """Deliver the picture once it is there; returns as `deliver_text`, or "none" without a picture."""
        channel = self._channels[event.message.chat.channel]
        picture = answer.reply.picture
        if answer.picture_follows:
            self._delivery.counts["pictures_awaited"] += 1
            picture = await self._awaited_picture(event, answer.reply)
        if picture is None:
            return "none"
        caption = answer.reply.recipe.name if answer.reply.recipe else ""
        key = f"{event.key[:32]}-picture"
        found = picture
        error = await self._delivery.attempt(
            event, lambda: channel.deliver_picture(event.message, found, caption, key=key)
        )
        return self._delivery.outcome(event, "picture", error)

    async def deliver_voice(self, event: Event, reply: Reply) -> str:
        """Read the answer aloud and deliver that; returns as `deliver_text`, or "none" without a voice."""
        clip = await self._narrated(event, reply)
        if clip is None:
            return "none"
        channel = self._channels[event.message.chat.channel]
        key = f"{event.key[:32]}-voice"
        error = await self._delivery.attempt(
            event, lambda: channel.deliver_voice(event.message, clip, key=key)
        )
        return self._delivery.outcome(event, "voice", error)

    async def forget_drawing(self, event: Event) -> None:
        """The turn is over or parked: stop what its handler may still be drawing."""
        events = self._drawing.pop(event.key, None)
        if events is not None:
            await _close(events)

    async def _answered(self, event: Event, *, interrupted: bool) -> Answer:
        if interrupted and self._help.retract is not None:
            await self._help.retract(event.message)
        draft = self._draft(event)
        try:
            return await self._shown(event, draft)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await draft.close()

    def _draft(self, event: Event) -> Draft:
        """What shows the answer being made; nothing while the channel is not connected (yet)."""
        try:
            return self._channels[event.message.chat.channel].open_draft(event.message)
        except ChannelError as exc:
            logger.info("no_draft event=%s code=%s", event.key, exc.code)
            return _NoDraft()

    async def _shown(self, event: Event, draft: Draft) -> Answer:
        """Show the handler's events until the text is whole; what is still being drawn is left running."""
        events = self._handler.handle(event.message)
        text: Reply | None = None
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                async for shown in events:
                    await draft.show(shown)
                    if isinstance(shown, ReplyFinished):
                        return Answer(shown.reply)
                    if text is not None:
                        self._drawing[event.key] = events
                        return Answer(text, picture_follows=True)
                    if isinstance(shown, TextFinished):
                        text = shown.reply
            raise BotError("the handler ended without an answer")
        except TimeoutError as exc:
            if text is not None:
                return Answer(text)
            seconds = self._limits.answer_seconds
            raise BotError(f"no answer within {seconds:g} s", retryable=True) from exc
        except BotError as exc:
            if text is None:
                raise
            logger.warning("answer_without_picture event=%s code=%s", event.key, exc.code)
            return Answer(text)
        finally:
            if event.key not in self._drawing:
                await _close(events)

    async def _awaited_picture(self, event: Event, reply: Reply) -> Picture | None:
        try:
            async with asyncio.timeout(self._limits.picture_seconds):
                events = self._drawing.get(event.key)
                if events is not None:
                    return await expected(_picture_of(events), f"event={event.key}")
                if self._help.redraw is not None and reply.recipe is not None:
                    return await expected(self._help.redraw(reply.recipe), f"event={event.key}")
        except TimeoutError:
            logger.warning("picture_late event=%s", event.key)
        except BotError as exc:
            logger.warning("picture_failed event=%s code=%s", event.key, exc.code)
        return None

    async def _narrated(self, event: Event, reply: Reply) -> VoiceClip | None:
        if self._help.narrate is None:
            return None
        try:
            async with asyncio.timeout(self._limits.narration_seconds):
                return await expected(self._help.narrate(reply), f"event={event.key}")
        except TimeoutError:
            logger.warning("narration_late event=%s", event.key)
        except BotError as exc:
            logger.warning("narration_failed event=%s code=%s", event.key, exc.code)
        return None


async def _picture_of(events: AsyncIterator[ReplyEvent]) -> Picture | None:
    """The picture that a handler is still drawing."""
    async for event in events:
        if isinstance(event, ReplyFinished):
            return event.reply.picture
    return None


async def _close(events: AsyncIterator[ReplyEvent]) -> None:
    if isinstance(events, AsyncGenerator):
        await events.aclose()
