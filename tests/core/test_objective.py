"""The objective: windows of both stages, what every critic is shown, and each loss term against values by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tiny
import torch
from tiny import FRAMES, KEY, REACH, SIZE, STRANGERS, batch, lesson, networks, random
from torch import Tensor

from dancekit.core import adversary, alpha_loss, chance, girth, maps, objective, sketch
from dancekit.core.adversary import Judged, Verdicts
from dancekit.core.augment import Augmentation
from dancekit.core.batch import Batch
from dancekit.core.maps import CHANNELS
from dancekit.core.objective import Lesson, Made, Networks, Weights
from dancekit.core.sketch import Looks
from dancekit.networks.generator import Generator
from dancekit.networks.patch import PatchCritic

F32 = torch.float32


def made_by(nets: Networks, given: Batch, how: Lesson = tiny.LESSON, seed: int = 0) -> Made:
    return objective.generate(nets, given, chance.draw(given, how.augmentation, 1, random(seed)), how, F32)


def perceived(given: Batch, weights: Weights, seed: int) -> Tensor | None:
    """Which frames the perceptual trunk looks at."""
    return chance.draw(given, None, weights.every, random(seed)).perceived


def drawn(poses: Tensor) -> Tensor:
    """Pose maps B x T x n_s x H x W."""
    return maps.draw(maps.segments(poses), SIZE, tiny.LESSON.line)


def test_a_frame_is_shown_over_the_key_and_the_key_alone_where_nothing_is_known() -> None:
    frames = torch.tensor([0.5, -0.5, 1.0, 0.25]).view(1, 4, 1, 1).expand(1, 4, 1, 2)
    known = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    shown = objective.over_key(frames, known, tiny.LESSON)
    assert shown[0, :, 0, 0] == pytest.approx([0.125 - 0.75, -0.125 + 0.3, 0.25 - 0.375])
    assert shown[0, :, 0, 1] == pytest.approx(KEY)


@pytest.mark.parametrize("wild", [True, False])
def test_stage_one_draws_each_frame_from_the_poses_around_it(wild: bool) -> None:
    nets, given = networks(1), batch(1, wild=wild)
    made = made_by(nets, given)
    pose = drawn(given.poses)
    assert made.frames.shape == (2 * FRAMES, 4, *SIZE[::-1])
    for film, time in ((0, 0), (1, 2)):
        place = film * FRAMES + time
        window = pose[film, time : time + 2 * REACH + 1].flatten(0, 1)
        assert torch.equal(made.condition[place], window)
        assert torch.equal(made.pose[place], pose[film, time + REACH])
        assert torch.allclose(made.frames[place], nets.draw(window[None])[0], atol=1e-5)
    assert (made.wild is not None) == wild


@pytest.mark.parametrize("residual", [True, False])
def test_stage_two_refines_the_first_stages_frames_around_each_frame(residual: bool) -> None:
    nets, given = networks(2), batch(2)
    assert nets.refine is not None
    made = made_by(nets, given, lesson(residual=residual))
    pose = drawn(given.poses)
    for film, time in ((0, 0), (1, 2)):
        place, middle = film * FRAMES + time, time + 2 * REACH
        firsts = [nets.draw(pose[film, t - REACH : t + REACH + 1].flatten(0, 1)[None])[0]
                  for t in range(middle - REACH, middle + REACH + 1)]  # fmt: skip
        assert torch.allclose(made.condition[place], torch.cat(firsts), atol=1e-5)
        assert torch.equal(made.pose[place], pose[film, middle])
        centre = firsts[REACH][None] if residual else None
        wanted = nets.refine(torch.cat(firsts)[None], centre)[0]
        assert torch.allclose(made.frames[place], wanted, atol=1e-5)
    assert not made.condition.requires_grad


def test_stage_two_refines_frames_of_single_poses() -> None:
    torch.manual_seed(6)
    nets, given = replace(networks(2), draw=Generator(CHANNELS, 8, 1, 1, norm="pixel")), batch(2)
    given = replace(given, poses=given.poses[:, REACH:-REACH], wild=None)
    assert nets.refine is not None
    made, pose = made_by(nets, given, lesson(reach=(0, REACH))), drawn(given.poses)
    for film, time in ((0, 0), (1, 2)):
        firsts = [nets.draw(pose[film, time + k][None])[0] for k in range(2 * REACH + 1)]
        place = film * FRAMES + time
        assert torch.allclose(made.condition[place], torch.cat(firsts), atol=1e-5)
        assert torch.equal(made.pose[place], pose[film, time + REACH])
        assert torch.allclose(made.frames[place], nets.refine(torch.cat(firsts)[None])[0], atol=1e-5)


@pytest.mark.parametrize("stage", [1, 2])
def test_without_the_future_no_frame_depends_on_what_comes_after_it(stage: int) -> None:
    nets, given, how = networks(stage), batch(stage), replace(tiny.LESSON, future=False)
    later = given.poses.clone()
    reach = (later.shape[1] - FRAMES) // 2
    later[:, reach + 2 :] += 2
    frames, moved = (made_by(nets, replace(given, poses=poses), how).frames.unflatten(0, (2, FRAMES))
                     for poses in (given.poses, later))  # fmt: skip
    assert torch.allclose(frames[:, :2], moved[:, :2], atol=1e-6)
    assert not torch.allclose(frames[:, 2], moved[:, 2], atol=1e-3)


@pytest.mark.parametrize("stage", [1, 2])
def test_strangers_moves_are_drawn_as_they_would_be_alone(stage: int) -> None:
    nets, given = networks(stage), batch(stage)
    made = made_by(nets, given)
    assert given.wild is not None
    assert made.wild is not None
    assert made.wild_pose is not None
    middle = REACH if stage == 1 else 2 * REACH
    assert torch.equal(made.wild_pose, drawn(given.wild)[:, middle])
    alone = replace(given, poses=given.wild.expand(STRANGERS, -1, -1, -1), wild=None,
                    frames=given.frames[:, :1], known=torch.ones_like(given.known[:, :1]))  # fmt: skip
    assert torch.allclose(made.wild, made_by(nets, alone).shown[:, 0], atol=1e-5)


def test_without_its_critic_strangers_are_not_drawn() -> None:
    made = made_by(networks(1, wild=False), batch(1))
    assert made.wild is None
    assert made.wild_pose is None


def test_critics_see_made_and_true_frames_over_the_same_key() -> None:
    nets, given = networks(1), batch(1)
    made = made_by(nets, given)
    frames = made.frames.unflatten(0, (2, FRAMES))
    assert torch.equal(made.shown, objective.over_key(frames, given.known, tiny.LESSON))
    assert torch.equal(made.true, objective.over_key(given.frames, given.known, tiny.LESSON))
    assert made.shown[:, :, 1, :4].unique().tolist() == pytest.approx([KEY[1]])


def test_without_a_matte_the_generator_draws_the_key_itself() -> None:
    nets, given = networks(1), batch(1)
    made = made_by(nets, given, lesson(matte=False))
    colour = made.frames[:, :3].unflatten(0, (2, FRAMES))
    assert torch.allclose(made.shown[:, :, :, 4:], colour[..., 4:, :])
    assert made.shown[:, :, 2, :4].unique().tolist() == pytest.approx([KEY[2]])
    assert torch.equal(made.true, made_by(nets, given).true), "the truth is cut out all the same"


@pytest.mark.parametrize("stage", [1, 2])
def test_alpha_of_wild_frames_is_held_to_the_persons_girth(stage: int) -> None:
    nets, given = networks(stage), batch(stage)
    assert given.wild is not None
    assert made_by(nets, given).excess is None
    assert made_by(nets, given).lack is None
    reach = (1.5,) * len(maps.SEGMENT_CHANNELS)
    made = made_by(nets, given, lesson(girth=reach))
    assert made.excess is not None
    middle = maps.segments(given.wild[:, REACH if stage == 1 else 2 * REACH])
    nothing = girth.beyond(middle, torch.tensor(reach), SIZE, 4)
    assert made.wild is not None
    generator = nets.draw if nets.refine is None else nets.refine
    assert (made.excess > 0).equal(nothing > 0)
    assert 0 < float(made.excess.detach().mean()) < float(nothing.mean())
    assert made.lack is not None
    assert made.wild_pose is not None
    bones = made.wild_pose.amax(1, keepdim=True)
    assert (made.lack > 0).equal(bones > 0)
    assert 0 < float(made.lack.detach().mean()) < float(bones.mean())
    (made.excess.mean() + made.lack.mean()).backward()
    assert any(p.grad is not None and p.grad.any() for p in generator.parameters())
    assert made_by(nets, given, lesson(girth=reach, matte=False)).excess is None
    with torch.no_grad():
        terms = objective.generator_loss(nets, made, HAND, given, Weights(alpha=3.0), True)
        assert float(terms["girth"]) == pytest.approx(3 * float(made.excess.mean() + made.lack.mean()))


def test_augmentation_disturbs_what_is_read_and_the_same_for_all_who_read() -> None:
    nets, given = networks(1), batch(1)
    vanish = lesson(augmentation=Augmentation(drop=0.5, move=0, stretch=0))
    made, again, other = (made_by(nets, given, vanish, seed) for seed in (1, 1, 2))
    assert torch.equal(made.condition, again.condition)
    assert not torch.equal(made.condition, other.condition)
    middle = made.condition[:, REACH * CHANNELS : (REACH + 1) * CHANNELS]
    assert torch.equal(made.pose, middle)
    assert (made.pose.amax((2, 3)) == 0).float().mean() > 0.2


@pytest.mark.parametrize("stage", [1, 2])
def test_every_critic_judges_what_it_should(stage: int) -> None:
    nets, given = networks(stage), batch(stage)
    made = made_by(nets, given)
    judged = objective.judge(nets, made)
    fake, true = made.shown.flatten(0, 1), made.true.flatten(0, 1)
    stacked = [torch.cat([frames[:, t] for t in range(FRAMES)], 1) for frames in (made.shown, made.true)]
    assert nets.wild is not None
    assert nets.time is not None
    assert judged.wild is not None
    assert judged.time is not None
    assert made.wild is not None
    wanted = [
        (judged.pair[0], nets.pair(fake, made.condition)), (judged.pair[1], nets.pair(true, made.condition)),
        (judged.time[0], nets.time(stacked[0])), (judged.time[1], nets.time(stacked[1])),
        (judged.wild[0], nets.wild(made.wild, made.wild_pose)),
        (judged.wild[1], nets.wild(true[:STRANGERS], made.pose[:STRANGERS])),
    ]  # fmt: skip
    for found, by_hand in wanted:
        assert torch.allclose(found[-1][-1], by_hand[-1][-1], atol=1e-6)
        assert torch.allclose(found[0][0], by_hand[0][0], atol=1e-6)


def verdicts(*scales: tuple[float, ...]) -> Verdicts:
    """Layers of one value each, the last one of each scale the verdict."""
    return [[torch.full((2, 3, 4, 4), value) for value in layers] for layers in scales]


HAND = Judged(
    pair=(verdicts((1.0, 4.0, 0.5), (2.0, 1.0, 0.0)), verdicts((1.5, 2.0, 0.9), (2.0, 4.0, 1.2))),
    time=(verdicts((3.0, -1.0)), verdicts((2.0, 0.5))),
    wild=(verdicts((9.0, 0.25)), verdicts((5.0, 0.75))),
)


@torch.no_grad()
def losses(
    weights: Weights, matte: bool = True, judged: Judged = HAND, seed: int = 0
) -> tuple[dict[str, Tensor], Made]:
    """The generator's loss of a hand-made judgement on frames of stage I, and these frames."""
    nets, given = networks(1), batch(1)
    made = made_by(nets, given)
    return objective.generator_loss(nets, made, judged, given, weights, matte, perceived(given, weights, seed)), made


def test_the_generators_adversarial_terms_by_hand() -> None:
    terms, _ = losses(Weights(gan=2.0))
    assert float(terms["pair"]) == pytest.approx(2 * (0.25 + 1.0))
    assert float(terms["time"]) == pytest.approx(2 * 4.0)
    assert float(terms["wild"]) == pytest.approx(2 * 0.5625)
    assert "wild" not in losses(Weights(), judged=replace(HAND, wild=None))[0]


def test_feature_matching_by_hand() -> None:
    terms, _ = losses(Weights(features=3.0))
    assert float(terms["features"]) == pytest.approx(3 * ((0.5 + 2 + 0 + 3) / 2 + 1.0))


def test_the_critics_losses_by_hand() -> None:
    terms = adversary.critic_loss(HAND)
    assert set(terms) == {"pair", "time", "wild"}
    assert float(terms["pair"]) == pytest.approx(0.5 * (0.01 + 0.04 + 0.25 + 0.0), abs=1e-6)
    assert float(terms["time"]) == pytest.approx(0.5 * (0.25 + 1.0))
    assert float(terms["wild"]) == pytest.approx(0.5 * (0.0625 + 0.0625))
    assert set(adversary.critic_loss(replace(HAND, wild=None))) == {"pair", "time"}


def test_alpha_and_colour_terms_by_hand() -> None:
    terms, made = losses(Weights(alpha=4.0, colour=5.0))
    given = batch(1)
    alpha = made.frames.view(2, FRAMES, 4, *SIZE[::-1])[:, :, 3:]
    off = alpha_loss.mistaken(alpha, given.frames[:, :, 3:])
    assert float(terms["alpha"]) == pytest.approx(4 * float(off[..., 4:, :].sum() / off.numel()), rel=1e-5)
    assert float(terms["colour"]) == pytest.approx(5 * float((made.shown - made.true).abs().mean()), rel=1e-5)
    plain, _ = losses(Weights(), matte=False)
    assert set(plain) == {"pair", "time", "wild", "features", "perceptual"}, "the paper's terms"


def test_the_perceptual_term_looks_at_every_frame() -> None:
    terms, made = losses(Weights(perceptual=2.0))
    each = tiny.trunk().loss_each(made.shown.flatten(0, 1), made.true.flatten(0, 1))
    assert float(terms["perceptual"]) == pytest.approx(2 * float(each.mean()), rel=1e-5)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_the_perceptual_term_may_look_at_some_frames_only(every: int) -> None:
    seen = set()
    for seed in range(40):
        terms, made = losses(Weights(perceptual=1.0, every=every), seed=seed)
        each = tiny.trunk().loss_each(made.shown.flatten(0, 1), made.true.flatten(0, 1))
        choices = [float(each[first::every].mean()) for first in range(min(every, len(each)))]
        near = [abs(choice - float(terms["perceptual"])) for choice in choices]
        assert min(near) < 1e-5
        seen.add(near.index(min(near)))
    assert seen == set(range(min(every, 2 * FRAMES))), "every frame gets its turn"


def one_frame(alpha: Tensor, extra: Tensor | None = None, matte: bool = True) -> tuple[Tensor, Tensor]:
    """The perceptual term of a single frame of noise whose true alpha, H x W, this is, and its gradient by what was
    made. extra: what is made beside that, 3 x H x W."""
    given, nets = batch(1), networks(1)
    made = made_by(nets, given)
    height, width = alpha.shape
    frames = torch.rand(1, 1, 4, height, width, generator=random(3)) * 2 - 1
    frames[:, :, 3] = alpha
    known = torch.ones(1, 1, 1, height, width)
    true = objective.over_key(frames, known, tiny.LESSON)
    shown = true + 0.5 * alpha * torch.rand(3, height, width, generator=random(4)) + (0 if extra is None else extra)
    shown.requires_grad_(True)
    one = replace(made, shown=shown, true=true, frames=frames.flatten(0, 1))
    film = replace(given, frames=frames, known=known)
    terms = objective.generator_loss(nets, one, None, film, Weights(perceptual=1.0, every=2), matte, torch.tensor([0]))
    return terms["perceptual"], torch.autograd.grad(terms["perceptual"], shown)[0]


def test_the_perceptual_term_looks_only_at_what_is_hers_and_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = torch.zeros(64, 48)
    alpha[20:41, 11:26] = 1
    seen = list[torch.Size]()
    nets = tiny.trunk()
    plain = type(nets).loss
    monkeypatch.setattr(type(nets), "loss", lambda self, *parts: (seen.append(parts[0].shape), plain(self, *parts))[1])
    near, gradient = one_frame(alpha)
    assert [tuple(shape[-2:]) for shape in seen] == [(32, 32)], "a margin, and sides that are multiples of 16"
    monkeypatch.setattr(objective.focus, "around", lambda hers: (slice(None), slice(None)))
    whole, wanted = one_frame(alpha)
    assert float(near.detach()) == pytest.approx(float(whole.detach()), rel=0.01)
    pulls = torch.stack((gradient, wanted)).mul(alpha).flatten(1)
    assert float(torch.nn.functional.cosine_similarity(*pulls, dim=0)) > 0.998, "but for what the margin cuts off"
    assert float(pulls[0].norm() / pulls[1].norm()) == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("place", [(0, 0), (61, 45), (0, 45)])
def test_where_she_reaches_the_rim_the_perceptual_term_looks_up_to_it(place: tuple[int, int]) -> None:
    alpha = torch.zeros(64, 48)
    alpha[place[0] : place[0] + 3, place[1] : place[1] + 3] = 1
    term, gradient = one_frame(alpha)
    assert float(term.detach()) > 0
    assert ((gradient[0, 0].abs().amax(0) > 0) | (alpha == 0)).all()


@pytest.mark.parametrize("matte", [True, False])
def test_where_nothing_is_hers_or_the_key_is_learnt_too_the_perceptual_term_looks_everywhere(matte: bool) -> None:
    corner, alpha = torch.zeros(3, 64, 48), torch.zeros(64, 48)
    corner[:, 60:, :5] = 0.5
    if not matte:
        alpha[20:41, 11:26] = 1
    term, gradient = one_frame(alpha, corner, matte)
    assert float(term.detach()) > 0
    assert float(gradient[..., 60:, :5].abs().min()) > 0


def test_frames_from_anywhere_are_learnt_like_consecutive_ones_but_for_their_motion() -> None:
    nets, given = networks(1), batch(1)
    assert nets.time is not None
    poses = torch.stack([given.poses[film, time : time + 2 * REACH + 1] for film in (0, 1) for time in range(FRAMES)])
    alone = replace(given, poses=poses, frames=given.frames.flatten(0, 1)[:, None],
                    known=given.known.flatten(0, 1)[:, None])  # fmt: skip
    scattered = replace(nets, time=None)
    made, single = made_by(nets, given), made_by(scattered, alone)
    assert torch.allclose(single.frames, made.frames, atol=1e-5)
    weights = Weights(colour=3.0, every=3)
    terms, lone = (
        objective.generator_loss(
            one, shown, objective.judge(one, shown), films, weights, True, perceived(films, weights, 1)
        )
        for one, shown, films in ((nets, made, given), (scattered, single, alone))
    )
    assert lone.keys() == terms.keys() - {"time"}
    for name in lone.keys() - {"features"}:
        assert float(lone[name].detach()) == pytest.approx(float(terms[name].detach()), rel=1e-4), name
    assert 0 < float(lone["features"].detach()) < float(terms["features"].detach()), "those of D_t are missing"
    assert nets.time not in scattered.critics()


def test_feature_matching_does_not_pull_true_frames_towards_made_ones() -> None:
    apart = [[torch.ones(1, 1, 1, 1, requires_grad=True), torch.zeros(1)]]
    true = [[torch.zeros(1, 1, 1, 1, requires_grad=True), torch.zeros(1)]]
    nets, given = networks(1), batch(1)
    judged = Judged((apart, true), HAND.time, None)
    terms = objective.generator_loss(nets, made_by(nets, given), judged, given, Weights(), True)
    terms["features"].backward()
    assert apart[0][0].grad is not None
    assert true[0][0].grad is None


def looks(count: int) -> Looks:
    """Of `count` people who look differently."""
    shape = (count, sketch.SIDES, sketch.BARS, sketch.ALONG, sketch.ACROSS)
    colours = torch.rand(*shape, 3, generator=random(4)) * 2 - 1
    return Looks(torch.full((count, sketch.BARS), 2.0), colours, torch.rand(shape, generator=random(5)))


def sketching(nets: Networks) -> Networks:
    """The networks, with generators and critics that see sketches too."""
    window = (2 * REACH + 1) * (CHANNELS + sketch.CHANNELS)
    torch.manual_seed(8)
    return replace(
        nets,
        draw=Generator(window, 8, 1, 1, norm="pixel"),
        pair=PatchCritic(3, window, 4, 1, 2, norm="pixel"),
        wild=PatchCritic(3, CHANNELS + sketch.CHANNELS, 4, 1, 2, norm="pixel"),
    )


def test_each_window_is_drawn_with_the_looks_of_its_person_and_wild_ones_with_theirs_in_turn() -> None:
    nets, given = sketching(networks(1)), replace(batch(1), looks=looks(2))
    made = made_by(nets, given)
    assert given.looks is not None
    assert given.wild is not None
    assert made.wild_pose is not None
    for film in (0, 1):
        own = Looks(*(part[film] for part in given.looks))
        pose = sketch.posed(maps.segments(given.poses[film]), SIZE, tiny.LESSON.line, 1, own)
        assert torch.allclose(made.pose[film * FRAMES], pose[REACH], atol=1e-5)
        strange = maps.segments(given.wild[film, REACH])
        assert torch.allclose(made.wild_pose[film], sketch.posed(strange, SIZE, tiny.LESSON.line, 1, own), atol=1e-5)


def test_what_alpha_lacks_on_bones_does_not_depend_on_colours() -> None:
    nets = sketching(networks(1))
    how = lesson(girth=(3.0,) * len(maps.SEGMENT_CHANNELS))
    made = made_by(nets, replace(batch(1), looks=looks(2)), how)
    assert made.lack is not None
    assert made.wild_pose is not None
    bones = made.wild_pose[:, :CHANNELS].amax(1, keepdim=True)
    assert ((made.lack >= 0) & (made.lack <= bones + 1e-6)).all()


def test_face_and_hands_count_more_in_perceptual_and_colour_terms() -> None:
    nets, given = networks(1), batch(1)
    assert made_by(nets, given).focus is None
    made = made_by(nets, given, lesson(focus=4.8))
    assert made.focus is not None
    assert made.focus.shape == (2, FRAMES, 1, *SIZE[::-1])
    left = torch.zeros_like(made.focus)
    left[..., : SIZE[0] // 2] = 1
    judged = objective.judge(nets, made)

    def terms(focus: float) -> dict[str, Tensor]:
        chosen = Weights(colour=1.0, focus=focus)
        found = objective.generator_loss(nets, replace(made, focus=left), judged, given, chosen, True)
        return {name: term.detach() for name, term in found.items()}

    plain, focused = terms(0.0), terms(3.0)
    apart = (made.shown - made.true).abs().detach()
    assert float(focused["colour"]) == pytest.approx(float((apart * (1 + 3 * left)).mean()), rel=1e-5)
    assert float(focused["perceptual"]) > 1.2 * float(plain["perceptual"])
    for name in plain.keys() - {"colour", "perceptual"}:
        assert torch.equal(plain[name], focused[name]), name


def test_nothing_is_learnt_from_arms_that_the_film_smears() -> None:
    nets, given = networks(1), batch(1)
    made = made_by(nets, given)
    judged, everywhere = objective.judge(nets, made), torch.ones_like(made.true[:, :, :1])

    def terms(doubt: Tensor) -> dict[str, Tensor]:
        seen = replace(made, focus=everywhere, doubt=doubt)
        return objective.generator_loss(nets, seen, judged, given, Weights(colour=1.0, focus=1.0), True)

    sure, half, none = (terms(share * everywhere) for share in (0.0, 0.5, 1.0))
    for name in ("colour", "perceptual"):
        assert float(half[name].detach()) == pytest.approx(0.5 * float(sure[name].detach()), rel=1e-4)
        assert float(none[name].detach()) == 0
    assert float(none["alpha"].detach()) == float(sure["alpha"].detach())


def test_wild_frames_are_held_to_the_base_in_stage_one() -> None:
    nets, given = networks(1), batch(1)
    assert made_by(nets, given).strayed is None
    other = replace(nets, anchor=tiny.generator(1, seed=7))
    made = made_by(other, given)
    assert made.strayed is not None
    assert float(made.strayed.detach()) > 0
    same = made_by(replace(nets, anchor=nets.draw), given)
    assert same.strayed is not None
    assert float(same.strayed.detach()) == pytest.approx(0, abs=1e-6)
    assert made_by(other, batch(1, wild=False)).strayed is None
    judged = objective.judge(other, made)
    terms = objective.generator_loss(other, made, judged, given, Weights(anchor=4.0), True)
    assert float(terms["anchor"].detach()) == pytest.approx(4 * float(made.strayed.detach()))
    assert "anchor" not in objective.generator_loss(other, made, judged, given, Weights(), True)
    terms["anchor"].backward(retain_graph=True)
    assert any(p.grad is not None for p in nets.draw.parameters())
    assert other.anchor is not None
    assert all(p.grad is None for p in other.anchor.parameters()), "the base stays as it is"
