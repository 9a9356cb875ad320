"""/rag, /image and /voice: what a user has on or off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.composer import WITHOUT_INDEX
from core.conversation import Preferences
from core.messages import Button, Reply
from handlers.command import CommandCall, CommandServices, UsageError

_ON = frozenset({"on", "开", "打开", "开启"})
_OFF = frozenset({"off", "关", "关掉", "关闭"})

RAG_ON = "菜谱库开着：我按菜谱回答，并写明来源。想关掉就发 /rag off。"
RAG_OFF_WITH_MODEL = (
    "菜谱库关着：我不查菜谱，只靠语言模型自己的经验回答，用量和时间请多留个心眼。想打开就发 /rag on。"
)
IMAGE_ON = "图片开着：给出整份菜谱时，我会配一张图。不想要就发 /image off。"
IMAGE_OFF = "图片关着：我只用文字回答。想要图就发 /image on。"
NO_PICTURES = "不过运行机器人的人关掉了出图（IMAGE_BACKEND=none），所以现在不会有图。"
VOICE_ON = "朗读开着：回答除了文字，还会念给你听。不想听就发 /voice off。"
VOICE_OFF = "朗读关着：我只用文字回答。做菜腾不出手、想听我念，就发 /voice on。"
NO_VOICE = (
    "不过运行机器人的人还没有给我配嗓子（TTS_BACKEND=none），所以现在只有文字。我记下了，配好以后就会念。\n"
    "想配一个：请运行机器人的人在 .env 里设置 TTS_BACKEND 和 TTS_MODEL，然后重新启动。"
)


async def set_rag(services: CommandServices, call: CommandCall) -> Reply:
    """Switch the recipe index on or off, or say how it stands."""
    preferences, done = await _switched(services, call, lambda own, on: replace(own, rag=on))
    state = RAG_OFF_WITH_MODEL if services.describe_model().is_language_model else WITHOUT_INDEX
    if preferences.rag:
        state = RAG_ON
    other = Button("关掉菜谱库", "/rag off") if preferences.rag else Button("打开菜谱库", "/rag on")
    return Reply(text=done + state, buttons=(other,))


async def set_image(services: CommandServices, call: CommandCall) -> Reply:
    """Switch pictures on or off, or say how it stands."""
    preferences, done = await _switched(services, call, lambda own, on: replace(own, image=on))
    text = done + (IMAGE_ON if preferences.image else IMAGE_OFF)
    if preferences.image and not services.draws_pictures:
        text = f"{text}\n{NO_PICTURES}"
    other = Button("不要图片", "/image off") if preferences.image else Button("要图片", "/image on")
    return Reply(text=text, buttons=(other,))


async def set_voice(services: CommandServices, call: CommandCall) -> Reply:
    """Switch reading aloud on or off, or say how it stands; the wish is kept for when there is a voice."""
    preferences, done = await _switched(services, call, lambda own, on: replace(own, voice=on))
    text = done + (VOICE_ON if preferences.voice else VOICE_OFF)
    if preferences.voice and not services.reads_aloud:
        text = f"{text}\n{NO_VOICE}"
    other = Button("不用念了", "/voice off") if preferences.voice else Button("念给我听", "/voice on")
    return Reply(text=text, buttons=(other,))


async def _switched(
    services: CommandServices, call: CommandCall, change: Callable[[Preferences, bool], Preferences]
) -> tuple[Preferences, str]:
    """The user's settings, changed and stored if on or off was said, and what acknowledges that."""
    preferences = await services.profiles.preferences(call.message.user)
    switch = _switch(call)
    if switch is None:
        return preferences, ""
    preferences = change(preferences, switch)
    await services.profiles.save(call.message.user, preferences)
    return preferences, "好的。"


def _switch(call: CommandCall) -> bool | None:
    """On, off, or None when nothing was said."""
    match call.arguments:
        case ():
            return None
        case (word,) if word in _ON:
            return True
        case (word,) if word in _OFF:
            return False
    raise UsageError
